//! The same judgement in Rust: what the policy says to an object, by the lists themselves and not by their keys.
//!
//! Tests hold the CEL to it, on the real API server, and it to `policy::hosts`. Reads objects as they are written.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::Value;

use super::layer::{ExportedLayer, ExportedRules};
use crate::rules::glob::{HostGlob, HostPattern};

/// The hop under which no call travels as HTTP.
pub(super) const PASSTHROUGH: &str = "passthrough";
/// Protocols by which a call is recognised by its host: an entry that resolves nothing opens only that host.
pub(super) const BY_NAME: [&str; 6] = ["http", "http2", "grpc", "grpc-web", "https", "tls"];
/// Protocols that are HTTP without TLS, or may be.
pub(super) const PLAIN: [&str; 6] = ["http", "http2", "grpc", "grpc-web", "http_proxy", ""];

/// Whether an object may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectVerdict {
    /// It may be written.
    Accepted,
    /// It may not.
    Refused,
}

/// Something that an object opens.
#[derive(Clone, Debug, PartialEq, Eq)]
enum OpenedName {
    /// Any host.
    Everything,
    /// Some addresses.
    Range,
    /// A name, a wildcard or an address in the spelling of globs.
    Host(String),
    /// Nothing that can be judged.
    Odd,
}

/// A caller's namespace.
enum Caller<'a> {
    Named(&'a str),
    /// Any, also one that nobody thought of.
    Any,
}

impl ExportedLayer {
    /// What the policy says to an object that somebody writes into a namespace and who has no excuse.
    pub fn judge(&self, namespace: &str, object: &Value) -> ObjectVerdict {
        let Some(opened) = Opened::of(object) else { return ObjectVerdict::Accepted };
        let callers = self.callers(namespace, object);
        let refused = opened.names.iter().any(|name| {
            *name == OpenedName::Odd || opened.ports.iter().any(|port| self.refuses(name, *port, &callers))
        });
        let routed = opened.is_plain
            && self.policies.iter().any(|policy| {
                policy.rules.lists().hop == Some(PASSTHROUGH)
                    && callers.iter().any(|caller| policy.is_about(caller))
            });
        if refused || routed { ObjectVerdict::Refused } else { ObjectVerdict::Accepted }
    }

    fn refuses(&self, name: &OpenedName, port: Option<u16>, callers: &[Caller<'_>]) -> bool {
        let denied = |policy: &ExportedRules| {
            let lists = policy.rules.lists();
            lists.deny.iter().any(|glob| touches(glob, name, port))
                || lists.denies_others && !policy.allows(name, port)
        };
        let about = |policy: &&ExportedRules| callers.iter().any(|caller| policy.is_about(caller));
        // For any namespace at once only a policy about all of them speaks.
        let allowed = |caller: &Caller<'_>| {
            let named = match caller {
                Caller::Named(namespace) => *namespace,
                Caller::Any => "",
            };
            self.policies.iter().any(|policy| policy.rules.concerns(named) && policy.allows(name, port))
        };
        self.policies.iter().filter(about).any(denied) || self.is_closed && !callers.iter().all(allowed)
    }

    fn callers<'a>(&'a self, namespace: &'a str, object: &'a Value) -> Vec<Caller<'a>> {
        let exports = match object["kind"].as_str() {
            Some("ServiceEntry" | "DestinationRule") => texts(&object["spec"]["exportTo"]),
            Some("WorkloadEntry") => Vec::new(),
            _ if self.root_namespace.as_deref().is_none_or(|root| root == namespace) => Vec::new(),
            _ => vec!["."],
        };
        let exports = if exports.is_empty() { vec!["*"] } else { exports };
        let others = exports.into_iter().filter_map(|export| match export {
            "*" => Some(Caller::Any),
            "." | "~" => None,
            other if self.gateway_namespaces.contains(other) => None,
            other => Some(Caller::Named(other)),
        });
        std::iter::once(Caller::Named(namespace)).chain(others).collect()
    }
}

impl ExportedRules {
    fn is_about(&self, caller: &Caller<'_>) -> bool {
        match caller {
            Caller::Named(namespace) => self.rules.concerns(namespace),
            Caller::Any => true,
        }
    }

    fn allows(&self, name: &OpenedName, port: Option<u16>) -> bool {
        let allow = self.rules.lists().allow.unwrap_or_default();
        let OpenedName::Host(host) = name else { return false };
        allow.iter().any(|glob| match port {
            Some(port) => glob.matches(host, port),
            None => glob.port().is_none() && glob.matches(host, 1),
        })
    }
}

/// Whether a denied glob is in what is opened, or what is opened reaches it. Without a port: on any of them.
fn touches(glob: &HostGlob, name: &OpenedName, port: Option<u16>) -> bool {
    let port = port.or(glob.port()).unwrap_or(1);
    let is_open = glob.port().is_none_or(|only| only == port);
    match (name, glob.hosts()) {
        (OpenedName::Everything, _) | (OpenedName::Range, HostPattern::Every) => is_open,
        (OpenedName::Range, HostPattern::One(host)) => is_open && host.parse::<IpAddr>().is_ok(),
        (OpenedName::Range, HostPattern::Below(_)) | (OpenedName::Odd, _) => false,
        (OpenedName::Host(host), _) => glob.touches(host, port),
    }
}

/// What an object opens.
struct Opened {
    names: Vec<OpenedName>,
    /// `None`: any port.
    ports: BTreeSet<Option<u16>>,
    is_plain: bool,
}

impl Opened {
    /// `None`: the kind is not judged.
    fn of(object: &Value) -> Option<Self> {
        let spec = &object["spec"];
        let everything = || vec![OpenedName::Everything];
        let alone = |names| Opened { names, ports: BTreeSet::from([None]), is_plain: false };
        Some(match object["kind"].as_str()? {
            "ServiceEntry" => Self::of_entry(spec),
            "WorkloadEntry" => alone(vec![name(spec["address"].as_str().unwrap_or_default())]),
            "DestinationRule" => Self::of_tunnels(spec),
            "Sidecar" => {
                let opens = spec["outboundTrafficPolicy"]["mode"] == "ALLOW_ANY";
                alone(if opens { everything() } else { Vec::new() })
            }
            "EnvoyFilter" => alone(everything()),
            _ => return None,
        })
    }

    fn of_entry(spec: &Value) -> Self {
        let endpoints = items(&spec["endpoints"]);
        let resolution = spec["resolution"].as_str().unwrap_or("NONE");
        let declared = items(&spec["ports"]);
        let is_selected =
            resolution == "STATIC" && !spec["workloadSelector"].is_null() && endpoints.is_empty();
        let is_led = !endpoints.is_empty() && resolution != "NONE";
        let hosts = texts(&spec["hosts"]).into_iter().filter(|_| !is_selected);
        let hosts = hosts.filter(|host| !(is_led && is_upstream(host)));
        let mut names: Vec<OpenedName> = hosts.map(name).collect();
        names.extend(endpoints.iter().map(|endpoint| name(endpoint["address"].as_str().unwrap_or_default())));
        let protocol = |port: &&Value| port["protocol"].as_str().unwrap_or_default().to_ascii_lowercase();
        let is_one_of = |port: &&Value, known: &[&str]| known.contains(&protocol(port).as_str());
        let addresses = texts(&spec["addresses"]);
        if resolution == "NONE" && !addresses.is_empty() {
            names.extend(addresses.into_iter().map(name));
        } else if resolution == "NONE" && declared.iter().any(|port| !is_one_of(port, &BY_NAME)) {
            names.push(OpenedName::Everything);
        }
        let mut ports: BTreeSet<Option<u16>> =
            declared.iter().map(|port| Some(number(&port["number"]))).collect();
        ports.extend(
            declared.iter().map(|port| Some(number(&port["targetPort"]))).filter(|port| *port != Some(0)),
        );
        for endpoint in &endpoints {
            ports.extend(
                endpoint["ports"]
                    .as_object()
                    .into_iter()
                    .flat_map(|ports| ports.values().map(|port| Some(number(port)))),
            );
        }
        let is_plain = declared.iter().any(|port| is_one_of(port, &PLAIN));
        Opened { names, ports: or_any(ports), is_plain }
    }

    fn of_tunnels(spec: &Value) -> Self {
        let policies =
            items(&spec["subsets"]).into_iter().chain([spec]).map(|of| &of["trafficPolicy"]["tunnel"]);
        let tunnels: Vec<&Value> = policies.filter(|tunnel| !tunnel.is_null()).collect();
        let names = tunnels.iter().map(|tunnel| name(tunnel["targetHost"].as_str().unwrap_or_default()));
        let ports = tunnels.iter().map(|tunnel| Some(number(&tunnel["targetPort"]))).collect();
        Opened { names: names.collect(), ports: or_any(ports), is_plain: false }
    }
}

fn or_any(ports: BTreeSet<Option<u16>>) -> BTreeSet<Option<u16>> {
    if ports.is_empty() { BTreeSet::from([None]) } else { ports }
}

/// A port; what is none is port 0, which no list names.
fn number(value: &Value) -> u16 {
    value.as_u64().and_then(|number| u16::try_from(number).ok()).unwrap_or(0)
}

fn items(value: &Value) -> Vec<&Value> {
    value.as_array().into_iter().flatten().collect()
}

fn texts(value: &Value) -> Vec<&str> {
    items(value).into_iter().filter_map(Value::as_str).collect()
}

fn is_upstream(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host.strip_suffix('.').unwrap_or(&host).ends_with(".egress.internal")
}

/// A name in the one spelling that lists have.
fn name(text: &str) -> OpenedName {
    let text = text.to_ascii_lowercase();
    let text = if text.len() > 1 { text.strip_suffix('.').unwrap_or(&text) } else { &text };
    if text == "*" {
        return OpenedName::Everything;
    }
    if let Some((address, length)) = text.split_once('/') {
        let Ok(address) = address.parse::<IpAddr>() else { return OpenedName::Odd };
        let longest = if address.is_ipv4() { 32 } else { 128 };
        return match length.parse::<u8>() {
            Ok(length) if length == longest => known(address),
            Ok(length) if length < longest => OpenedName::Range,
            _ => OpenedName::Odd,
        };
    }
    match text.parse::<IpAddr>() {
        Ok(address) => known(address),
        Err(_) if is_name(text) => OpenedName::Host(text.to_owned()),
        Err(_) => OpenedName::Odd,
    }
}

/// CEL takes no IPv4 address in the clothes of IPv6.
fn known(address: IpAddr) -> OpenedName {
    if address == address.to_canonical() { OpenedName::Host(address.to_string()) } else { OpenedName::Odd }
}

fn is_name(text: &str) -> bool {
    let bare = text.strip_prefix("*.").unwrap_or(text);
    let is_label = |label: &str| {
        let inner =
            label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        (1..=63).contains(&label.len()) && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = bare.rsplit('.').next().unwrap_or_default();
    bare.split('.').all(is_label) && last.starts_with(|first: char| first.is_ascii_lowercase())
}
