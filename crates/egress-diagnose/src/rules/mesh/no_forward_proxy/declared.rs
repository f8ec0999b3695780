//! Forward proxies whose port a ServiceEntry declares as HTTP: sidecars take requests apart there, and know no `CONNECT`.
//!
//! Knows applications by their environment variables, and otherwise proxies by their name and port.

use std::collections::BTreeSet;

use egress_core::istio::protocol::PortProtocol;
use egress_core::resource::{ObjectId, Resource};
use egress_core::snapshot::{PodFacts, ServiceFacts};
use serde_json::json;

use super::CHECK;
use crate::finding::{Alteration, Confidence, Finding, Level, Place, Readable};
use crate::fixes;
use crate::kubernetes::forward_proxy::{host_of, port_of, port_of_proxies};
use crate::kubernetes::workload::PodOwner;
use crate::view::View;
use crate::wording::list;

const CONSEQUENCE: &str = "calls through the proxy fail: the sidecar answers CONNECT with 404, and routes plain requests by \
                           the host that they name";

/// One finding for each port. `pods` are those that are told to use proxies, where they were given.
pub(super) fn findings(view: &View<'_>, pods: Readable<&[&PodFacts]>) -> Vec<Finding> {
    let mut known: BTreeSet<(&ObjectId, usize)> = BTreeSet::new();
    let mut services: BTreeSet<(String, String, usize)> = BTreeSet::new();
    let mut found = Vec::new();
    for pod in pods.unwrap_or_default() {
        for (variable, url) in pod.forward_proxies.iter().filter(|_| pod.has_sidecar) {
            let user = format!("{} of {}", PodOwner::of(pod), pod.namespace);
            let said = format!("pod/{} in namespace {} has {variable}={url}", pod.name, pod.namespace);
            match declared(view, pod, url) {
                Some((entry, place)) if known.insert((&entry.id, place)) => {
                    found.extend(finding(entry, place, Some((&user, said))));
                }
                Some(_) => {}
                None => {
                    let inside = in_cluster(view, pod, url);
                    let is_new = |(service, place): &(&ServiceFacts, usize)| {
                        services.insert((service.namespace.clone(), service.name.clone(), *place))
                    };
                    let inside = inside.filter(is_new);
                    found.extend(inside.and_then(|(service, place)| of_service(service, place, &user, said)));
                }
            }
        }
    }
    for entry in view.service_entries() {
        let place = looks_like_a_proxy(entry).filter(|place| known.insert((&entry.id, *place)));
        found.extend(place.and_then(|place| finding(entry, place, None)));
    }
    found
}

/// The port of HTTP that a proxy's URL leads to.
fn declared<'a>(view: &View<'a>, pod: &PodFacts, url: &str) -> Option<(&'a Resource, usize)> {
    let host = host_of(url).to_ascii_lowercase();
    let entry = view.entries_seen_from(&pod.namespace, &host).into_iter().next()?;
    Some((entry, port_of_http(entry, i64::from(port_of(url)?))?))
}

/// The same for a Service in the cluster. Gateways are left out: the check itself reports them.
fn in_cluster<'a>(view: &View<'a>, pod: &PodFacts, url: &str) -> Option<(&'a ServiceFacts, usize)> {
    let host = host_of(url).to_ascii_lowercase();
    let number = port_of(url)?;
    let is_it = |service: &&ServiceFacts| {
        let rest = host.strip_prefix(service.name.as_str()).and_then(|rest| {
            if rest.is_empty() && service.namespace == pod.namespace {
                return Some("");
            }
            rest.strip_prefix('.')?.strip_prefix(service.namespace.as_str())
        });
        let domain = format!(".svc.{}", view.mesh().cluster_domain);
        rest.is_some_and(|rest| rest.is_empty() || rest == ".svc" || rest == domain)
    };
    let is_gateway = |service: &ServiceFacts| {
        view.gateways().iter().any(|gateway| {
            gateway.name.namespace == service.namespace && gateway.name.service == service.name
        })
    };
    let service = view.services().ok()?.iter().find(is_it).filter(|service| !is_gateway(service))?;
    let place = service.ports.iter().position(|port| {
        port.number == number
            && PortProtocol::of_service_port(number, &port.name, port.app_protocol.as_deref()).is_http()
    })?;
    Some((service, place))
}

fn of_service(service: &ServiceFacts, place: usize, user: &str, said: String) -> Option<Finding> {
    let ServiceFacts { namespace, name, .. } = service;
    let port = service.ports.get(place)?;
    let patch = json!({ "spec": { "ports": [{ "port": port.number, "appProtocol": "tcp" }] } });
    let (field, declared) = match &port.app_protocol {
        Some(protocol) => ("appProtocol", protocol),
        None => ("name", &port.name),
    };
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!(
            "{user} uses the forward proxy {name}.{namespace}:{}, whose port is declared as {declared}",
            port.number
        ),
        object: Place::new("Service", Some(namespace), name)
            .field(format!("spec.ports[{place}].{field}"), declared),
        evidence: vec![said],
        consequence: CONSEQUENCE.to_owned(),
        fix: fixes::changed(
            ("service", name, namespace),
            Alteration::StrategicPatch(patch),
            "lets sidecars pass connections to the proxy unread",
        ),
    })
}

fn port_of_http(entry: &Resource, number: i64) -> Option<usize> {
    let mut ports = entry.service_entry()?.ports.iter().flatten();
    ports.position(|port| port.number == number && is_http(port.protocol.as_deref()))
}

fn is_http(protocol: Option<&str>) -> bool {
    PortProtocol::parse(protocol.unwrap_or_default()).is_http()
}

/// The port of an entry for a forward proxy that no variable names: applications may be told of it by other means.
fn looks_like_a_proxy(entry: &Resource) -> Option<usize> {
    port_of_http(entry, port_of_proxies(entry.service_entry()?)?)
}

fn finding(entry: &Resource, place: usize, user: Option<(&str, String)>) -> Option<Finding> {
    let spec = entry.service_entry()?;
    let port = spec.ports.as_ref()?.get(place)?;
    let host = list(&spec.hosts);
    let field = format!("spec.ports[{place}].protocol");
    let declared = port.protocol.clone().unwrap_or_default();
    let message = match user {
        Some((user, _)) => {
            format!(
                "{user} uses the forward proxy {host}:{}, whose port is declared as {declared}",
                port.number
            )
        }
        None => format!("{host}:{} looks like a forward proxy, and is declared as {declared}", port.number),
    };
    Some(Finding {
        code: CHECK.code,
        confidence: if user.is_some() { Confidence::Certain } else { Confidence::Inferred },
        level: if user.is_some() { CHECK.level } else { Level::Warning },
        message,
        evidence: user.into_iter().map(|(_, said)| said).collect(),
        consequence: CONSEQUENCE.to_owned(),
        fix: fixes::set(
            &entry.id,
            &field,
            &json!("TCP"),
            "lets sidecars pass connections to the proxy unread",
        ),
        object: Place::of(&entry.id).field(field, declared),
    })
}
