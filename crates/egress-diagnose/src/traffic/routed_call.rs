//! The calls that VirtualServices want to lead through a gateway, and where istiod's configuration ends them.
//!
//! The way of a call is computed by [`egress_core::istio::simulation`]. Writes no messages.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::net::IpAddr;

use egress_core::input::Input;
use egress_core::istio::call::{Call, End, Passage, Speaks};
use egress_core::istio::protocol::PortProtocol;
use egress_core::istio::simulation::may_move_calls;
use egress_core::related_resources::{EnvoyFilterFacts, Named};
use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::snapshot::{GatewayFacts, PodFacts};
use egress_core::visibility::exported_to;
use egress_core::visibility::service_entry::in_precedence;
use egress_core::visibility::virtual_service::{MESH, gateway_name, serves_mesh};
use egress_istio::service_entry::ServiceEntryResolution;
use egress_istio::virtual_service::{VirtualServiceHttp, VirtualServiceHttpMatch};

use crate::facts::assumed_pods::CALLER;
use crate::finding::{CheckOutcome, Readable};
use crate::traffic::host_call::{ANYWHERE, SpokenProtocol, address_of};
pub(crate) use crate::traffic::routed_end::{
    RoutedEnd, end_of, end_of_passages, entry_without_address, refused_by_policy, ways, wraps,
};
use crate::view::View;

/// Whether calls to gateways can be followed in this mesh.
pub(crate) fn can_be_followed(view: &View<'_>) -> Readable<()> {
    view.readable(Input::Gateways)?;
    can_be_computed(view)
}

/// Whether the way of a call can be computed in this mesh. A call that an EnvoyFilter may move stays open.
pub(crate) fn can_be_computed(view: &View<'_>) -> Readable<()> {
    view.envoy_filters()?;
    // What nobody says of istiod is as Istio has it.
    match view.workloads() {
        Ok(_) | Err(CheckOutcome::NotGiven(_)) => {}
        Err(outcome) => return Err(outcome),
    }
    view.services()?;
    view.readable(Input::Pods)?;
    view.readable(Input::Mesh)?;
    for kind in
        [Kind::ServiceEntry, Kind::VirtualService, Kind::DestinationRule, Kind::Gateway, Kind::Sidecar]
    {
        view.note(Input::from(kind));
    }
    Ok(())
}

/// The EnvoyFilters that leave some calls open.
pub(crate) fn moving_filters<'a>(view: &View<'a>) -> impl Iterator<Item = &'a Named<EnvoyFilterFacts>> {
    let all = view.envoy_filters().unwrap_or_default();
    all.iter().filter(|filter| may_move_calls(&filter.spec))
}

/// A call that a rule of a VirtualService sends to a gateway.
#[derive(Clone)]
pub(crate) struct RoutedCall<'a> {
    /// The VirtualService.
    pub(crate) route: &'a Resource,
    /// The rule: `spec.http[0]`.
    pub(crate) rule: String,
    /// The gateway.
    pub(crate) gateway: &'a GatewayFacts,
    /// The host that is called; below a wildcard some name.
    pub(crate) host: String,
    /// The host as the rule has it.
    pub(crate) pattern: &'a str,
    /// The namespace of the caller.
    pub(crate) caller: &'a str,
    /// The call.
    pub(crate) call: Call,
}

impl RoutedCall<'_> {
    /// Whether a pod calls that only stands for those of its namespace.
    pub(crate) fn is_assumed(&self) -> bool {
        self.call.caller.rsplit('/').next() == Some(CALLER)
    }

    /// What becomes of the call.
    pub(crate) fn end(&self, view: &View<'_>) -> RoutedEnd {
        end_of_passages(view, &self.call, &self.host, ways(&self.call, view.simulation()))
    }

    /// The same where no other check tells of policies.
    pub(crate) fn end_with_policies(&self, view: &View<'_>) -> RoutedEnd {
        let passages = ways(&self.call, view.simulation());
        match refused_by_policy(&passages) {
            Some(refused) => RoutedEnd::Otherwise(refused.clone()),
            None => end_of_passages(view, &self.call, &self.host, passages),
        }
    }

    /// The same call to this host below its wildcard.
    pub(crate) fn to_host(&self, host: &str) -> Self {
        let spoken = match &self.call.speaks {
            Speaks::Http { .. } => SpokenProtocol::Http,
            Speaks::Tls { .. } => SpokenProtocol::Tls,
            Speaks::Bytes => SpokenProtocol::Tcp,
        };
        let call = Call { speaks: spoken.speaks(host, self.call.port), ..self.call.clone() };
        RoutedCall { host: host.to_owned(), rule: self.rule.clone(), call, ..*self }
    }

    /// The ports of its gateway's Service at which it enters, and where it then ends, as far as it takes that way.
    pub(crate) fn entries(&self, view: &View<'_>) -> Vec<(u16, End)> {
        let service = view.service_host(self.gateway);
        let entry = |passage: Passage| {
            let mut cluster = passage.hops.first()?.cluster.split('|').skip(1);
            let port = cluster.next()?.parse().ok()?;
            (cluster.nth(1) == Some(&service)).then_some((port, passage.end))
        };
        let mut found: Vec<(u16, End)> =
            view.simulation().passages(&self.call).into_iter().filter_map(entry).collect();
        found.dedup();
        found
    }
}

/// The calls of the rules for sidecars that lead to a gateway and to nowhere else, from these namespaces, or from those that
/// the VirtualService is for.
pub(crate) fn routed_calls<'a>(
    view: &View<'a>,
    route: &'a Resource,
    namespaces: Option<&[String]>,
) -> Vec<RoutedCall<'a>> {
    routed_calls_to(view, route, namespaces, |_| true)
}

/// The same for some hosts alone.
pub(crate) fn routed_calls_to<'a>(
    view: &View<'a>,
    route: &'a Resource,
    namespaces: Option<&[String]>,
    is_asked: impl Fn(&str) -> bool,
) -> Vec<RoutedCall<'a>> {
    let Some(spec) = route.virtual_service().filter(|spec| serves_mesh(spec)) else { return Vec::new() };
    let mut wanted: Vec<Wanted<'a>> = Vec::new();
    let hosts: Vec<&str> = spec.hosts.iter().flatten().map(String::as_str).collect();
    let mut settled: BTreeSet<Option<i64>> = BTreeSet::new();
    for (number, rule) in view.simulation().http_rules(route) {
        let ports = ports_of_http(rule, route);
        let fresh: Vec<Option<i64>> = ports.into_iter().filter(|port| settled.insert(*port)).collect();
        let destinations = rule.route.iter().flatten().map(|one| one.destination.host.as_str());
        let Some(gateway) = only_gateway(view, route, destinations) else { continue };
        let rule = format!("spec.http[{number}]");
        wanted.extend(fresh.into_iter().map(|port| Wanted {
            rule: rule.clone(),
            gateway,
            kind: SpokenProtocol::Http,
            port,
            hosts: hosts.clone(),
        }));
    }
    for (number, rule) in spec.tls.iter().flatten().enumerate() {
        let destinations = rule.route.iter().flatten().map(|one| one.destination.host.as_str());
        let Some(gateway) = only_gateway(view, route, destinations) else { continue };
        for matched in rule.r#match.iter().filter(|one| is_of_mesh(one.gateways.as_deref(), route)) {
            wanted.push(Wanted {
                rule: format!("spec.tls[{number}]"),
                gateway,
                kind: SpokenProtocol::Tls,
                port: matched.port.filter(|port| *port != 0),
                hosts: matched.sni_hosts.iter().map(String::as_str).collect(),
            });
        }
    }
    for (number, rule) in spec.tcp.iter().flatten().enumerate() {
        let destinations = rule.route.iter().flatten().map(|one| one.destination.host.as_str());
        let Some(gateway) = only_gateway(view, route, destinations) else { continue };
        let matches = rule.r#match.as_deref().unwrap_or_default();
        let of_mesh = matches.iter().filter(|one| is_of_mesh(one.gateways.as_deref(), route));
        let mut ports: Vec<Option<i64>> = of_mesh.map(|one| one.port.filter(|port| *port != 0)).collect();
        if matches.is_empty() {
            ports.push(None);
        }
        let rule = format!("spec.tcp[{number}]");
        wanted.extend(ports.into_iter().map(|port| Wanted {
            rule: rule.clone(),
            gateway,
            kind: SpokenProtocol::Tcp,
            port,
            hosts: hosts.clone(),
        }));
    }
    for wanted in &mut wanted {
        wanted.hosts.retain(|pattern| called_host(pattern).is_some_and(|host| is_asked(&host)));
    }
    wanted.retain(|wanted| !wanted.hosts.is_empty());
    if wanted.is_empty() {
        return Vec::new();
    }
    let words = spec.export_to.as_deref();
    let callers = callers(view, (&route.id.namespace, words), namespaces);
    wanted.iter().flat_map(|wanted| callers.iter().flat_map(|pod| wanted.calls(view, route, pod))).collect()
}

/// The pods with sidecars that call by an object of this namespace with this `exportTo`: those of the given namespaces, else of
/// its own and those that it names, or without pods in its own all that see it. Of each namespace one for each Sidecar.
pub(crate) fn callers<'a>(
    view: &View<'a>,
    (owner, words): (&str, Option<&[String]>),
    namespaces: Option<&[String]>,
) -> Vec<&'a PodFacts> {
    let pods = |namespace: &str| -> Vec<&'a PodFacts> {
        let mut known = BTreeSet::new();
        let differs = |pod: &&PodFacts| {
            !pod.finished && known.insert(view.sidecar_for(namespace, &pod.labels).map(|sidecar| &sidecar.id))
        };
        let sees_it = exported_to(words, owner, namespace);
        if sees_it { view.pods(namespace).into_iter().filter(differs).collect() } else { Vec::new() }
    };
    if let Some(given) = namespaces {
        let of = |namespace: &String| match pods(namespace) {
            none if none.is_empty() && exported_to(words, owner, namespace) => {
                view.assumed_caller(namespace).into_iter().collect()
            }
            found => found,
        };
        return given.iter().flat_map(of).collect();
    }
    let own = pods(owner);
    if !own.is_empty() {
        let named = words.into_iter().flatten().filter(|word| *word != owner).flat_map(|word| pods(word));
        return own.into_iter().chain(named).collect();
    }
    view.namespaces().into_iter().flat_map(pods).collect()
}

/// What a rule takes.
struct Wanted<'a> {
    rule: String,
    gateway: &'a GatewayFacts,
    kind: SpokenProtocol,
    port: Option<i64>,
    hosts: Vec<&'a str>,
}

impl<'a> Wanted<'a> {
    fn calls(&self, view: &View<'a>, route: &'a Resource, pod: &'a PodFacts) -> Vec<RoutedCall<'a>> {
        let caller = format!("{}/{}", pod.namespace, pod.name);
        let mut found = Vec::new();
        for pattern in &self.hosts {
            let Some(host) = called_host(pattern) else { continue };
            for (port, address) in self.places(view, pod, pattern) {
                if !view.simulation().follows(&caller, &route.id, port) {
                    continue;
                }
                let speaks = self.kind.speaks(&host, port);
                found.push(RoutedCall {
                    route,
                    rule: self.rule.clone(),
                    gateway: self.gateway,
                    host: host.to_string(),
                    pattern,
                    caller: &pod.namespace,
                    call: Call { caller: caller.clone(), address, port, speaks },
                });
            }
        }
        found
    }

    /// The ports and addresses at which a caller knows a host: those of the rule, else those of its entries.
    fn places(&self, view: &View<'a>, pod: &PodFacts, pattern: &str) -> Vec<(u16, IpAddr)> {
        let declares = |entry: &&Resource| {
            entry.service_entry().is_some_and(|spec| spec.hosts.iter().any(|host| host == pattern))
        };
        let entries = if pattern.starts_with('*') {
            in_precedence(view.service_entries().filter(declares), &pod.namespace)
        } else {
            view.entries_seen_from(&pod.namespace, pattern)
        };
        let spec = entries.first().and_then(|entry| entry.service_entry());
        // A gateway resolves no name of a call: a check of its own says so.
        if spec.is_some_and(|spec| spec.resolution == Some(ServiceEntryResolution::DynamicDns)) {
            return Vec::new();
        }
        let address = spec.and_then(address_of);
        let protocol_of =
            |protocol: &Option<String>| PortProtocol::parse(protocol.as_deref().unwrap_or_default());
        let fitting = spec
            .into_iter()
            .flat_map(|spec| spec.ports.iter().flatten())
            .filter(|port| SpokenProtocol::of(protocol_of(&port.protocol)) == self.kind);
        // Who does not know a port does not call it; port 80 exists for hosts that no entry declares, too.
        let is_known = |number: i64| match spec {
            Some(spec) => spec.ports.iter().flatten().any(|port| port.number == number),
            None => self.kind == SpokenProtocol::Http && number == 80,
        };
        let ports: Vec<i64> = match self.port {
            Some(port) if is_known(port) => vec![port],
            Some(_) => Vec::new(),
            None => fitting.map(|port| port.number).collect(),
        };
        // A TCP host without an address cannot be told from another.
        if self.kind == SpokenProtocol::Tcp && address.is_none() {
            return Vec::new();
        }
        let ports = ports.into_iter().filter_map(|port| u16::try_from(port).ok());
        ports.map(|port| (port, address.unwrap_or(ANYWHERE))).collect()
    }
}

/// The host that is called for a pattern: some name below a wildcard; a host of all names is none.
pub(crate) fn called_host(pattern: &str) -> Option<Cow<'_, str>> {
    match pattern.strip_prefix('*') {
        Some(tail) => (tail.len() > 1).then(|| format!("some{tail}").into()),
        None => Some(pattern.into()),
    }
}

/// The ports for which a rule takes a plain request of sidecars; none for all.
fn ports_of_http(rule: &VirtualServiceHttp, route: &Resource) -> Vec<Option<i64>> {
    let matches = rule.r#match.as_deref().unwrap_or_default();
    if matches.is_empty() {
        return vec![None];
    }
    let plain = |one: &&VirtualServiceHttpMatch| {
        is_of_mesh(one.gateways.as_deref(), route) && takes_plain_requests(one)
    };
    matches.iter().filter(plain).map(|one| one.port.filter(|port| *port != 0)).collect()
}

/// Whether `GET /` without headers is taken, from any caller.
fn takes_plain_requests(matched: &VirtualServiceHttpMatch) -> bool {
    let every_path =
        matched.uri.as_ref().is_none_or(|uri| uri.prefix.as_deref().is_some_and(|prefix| prefix == "/"));
    every_path
        && matched.headers.is_none()
        && matched.without_headers.is_none()
        && matched.method.is_none()
        && matched.authority.is_none()
        && matched.query_params.is_none()
        && matched.scheme.is_none()
        && matched.source_labels.is_none()
        && matched.source_namespace.is_none()
}

fn is_of_mesh(gateways: Option<&[String]>, route: &Resource) -> bool {
    let names = gateways.unwrap_or_default();
    names.is_empty() || names.iter().any(|name| gateway_name(name, &route.id.namespace) == MESH)
}

/// The gateway that all destinations of a rule are. One that does not exist counts for the gateway that it means, and beside
/// a gateway for that: calls that take it fail.
fn only_gateway<'a, 'h>(
    view: &View<'a>,
    route: &Resource,
    destinations: impl Iterator<Item = &'h str>,
) -> Option<&'a GatewayFacts> {
    let gateway = |host: &str| {
        view.gateways()
            .iter()
            .find(|gateway| view.service_host(gateway) == host)
            .or_else(|| view.meant_gateway(host))
    };
    let hosts: Vec<String> = destinations.map(|host| view.full_host(host, &route.id.namespace)).collect();
    let all: Vec<Option<&GatewayFacts>> = hosts.iter().map(|host| gateway(host)).collect();
    let first = all.iter().copied().flatten().next()?;
    // Without pods nobody knows what the gateway does; in files without any, one is assumed.
    let is_assumed = || view.assumed_pods().iter().any(|pod| !pod.has_sidecar);
    let is_known = first.ready_pods().next().is_some() || (first.pods.is_empty() && is_assumed());
    let is_led =
        hosts.iter().zip(&all).all(|(host, gateway)| gateway.is_some() || view.is_missing_service(host));
    (is_known && is_led).then_some(first)
}
