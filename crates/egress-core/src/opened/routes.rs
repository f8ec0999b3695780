//! What routes open: hosts that a way to an egress gateway exists for, hosts that a gateway sends on, places outside
//! that rules lead to.
//!
//! Knows VirtualServices, with those they delegate to, and tunnels of DestinationRules.

use std::collections::{BTreeSet, HashMap, HashSet};

use egress_istio::destination_rule::DestinationRuleSpec;
use egress_istio::virtual_service::{VirtualServiceHttp, VirtualServiceSpec};

use super::Finder;
use crate::istio::route_destination::RouteDestination;
use crate::istio::server::selects;
use crate::resource::Resource;
use crate::role::Kind;
use crate::snapshot::Snapshot;
use crate::visibility::destinations::{destinations, is_in_cluster};
use crate::visibility::virtual_service::{MESH, gateway_name, serves_mesh};

/// The egress gateways, by what routes call them.
pub(super) struct Gateways<'a> {
    /// The names of their Services.
    services: HashSet<String>,
    /// Gateway objects that are for other pods than theirs, such as those of an ingress gateway.
    others: HashSet<String>,
    /// VirtualServices, by namespace and name.
    routes: HashMap<(&'a str, &'a str), &'a VirtualServiceSpec>,
    domain: &'a str,
}

impl<'a> Gateways<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let domain = snapshot.mesh.cluster_domain.as_str();
        let others = snapshot
            .of_kind(Kind::Gateway)
            .filter(|object| !snapshot.gateways.iter().any(|gateway| selects(object, gateway)));
        let routes = snapshot.of_kind(Kind::VirtualService).filter_map(|object| {
            Some(((object.id.namespace.as_str(), object.id.name.as_str()), object.virtual_service()?))
        });
        Gateways {
            services: snapshot.gateways.iter().map(|gateway| gateway.name.service_host(domain)).collect(),
            others: others.map(|object| format!("{}/{}", object.id.namespace, object.id.name)).collect(),
            routes: routes.collect(),
            domain,
        }
    }

    /// What a VirtualService opens.
    pub(super) fn routes(&self, resource: &Resource, spec: &VirtualServiceSpec, found: &mut Finder<'_>) {
        let namespace = resource.id.namespace.as_str();
        let by = resource.id.to_string();
        for destination in destinations(spec).filter(|to| !is_in_cluster(to.host, self.domain)) {
            let port = destination.port.unwrap_or(if destination.protocol == "HTTP" { 80 } else { 443 });
            found.host(namespace, destination.host, (port, destination.protocol), &by);
        }
        // A Gateway object that is not there, or may not be read, may be one of an egress gateway.
        let mut names = spec.gateways.iter().flatten().map(|name| gateway_name(name, namespace));
        let at_gateway = names.any(|name| name != MESH && !self.others.contains(&name));
        let leaves = at_gateway || (serves_mesh(spec) && self.leads_out(spec, namespace));
        if !leaves {
            return;
        }
        let hosts: Vec<&String> =
            spec.hosts.iter().flatten().filter(|host| !is_in_cluster(host, self.domain)).collect();
        for rule in spec.http.iter().flatten() {
            let matched = rule.r#match.iter().flatten().map(|matched| matched.port).collect();
            let leads = rule.route.iter().flatten().map(|route| (&route.destination).into());
            for port in self.ports(leads.collect(), matched, namespace, 80) {
                for host in &hosts {
                    found.host(namespace, host, (port, "HTTP"), &by);
                }
            }
        }
        for rule in spec.tls.iter().flatten() {
            let matched = rule.r#match.iter().map(|matched| matched.port).collect();
            let leads = rule.route.iter().flatten().map(|route| (&route.destination).into());
            for port in self.ports(leads.collect(), matched, namespace, 443) {
                for host in rule.r#match.iter().flat_map(|matched| &matched.sni_hosts) {
                    found.host(namespace, host, (port, "TLS"), &by);
                }
            }
        }
        for rule in spec.tcp.iter().flatten() {
            let matched = rule.r#match.iter().flatten().map(|matched| matched.port).collect();
            let leads = rule.route.iter().flatten().map(|route| (&route.destination).into());
            for port in self.ports(leads.collect(), matched, namespace, 443) {
                for host in &hosts {
                    found.host(namespace, host, (port, "TCP"), &by);
                }
            }
        }
    }

    /// The ports of the host that a rule opens: those that callers dial, where it leads to a gateway; those that it leads to,
    /// where a gateway sends on.
    fn ports(
        &self,
        leads: Vec<RouteDestination<'_>>,
        matched: Vec<Option<i64>>,
        namespace: &str,
        usual: i64,
    ) -> BTreeSet<i64> {
        let to_gateway = leads.iter().any(|to| self.is_gateway(to.host, namespace));
        let led: Vec<Option<i64>> = leads.into_iter().map(|to| to.port).collect();
        let (first, second) = if to_gateway { (matched, Vec::new()) } else { (led, matched) };
        let told = |ports: Vec<Option<i64>>| ports.into_iter().flatten().collect::<BTreeSet<i64>>();
        let (first, second) = (told(first), told(second));
        match (first.is_empty(), second.is_empty()) {
            (false, _) => first,
            (true, false) => second,
            (true, true) => BTreeSet::from([usual]),
        }
    }

    /// Whether a rule leads to an egress gateway, by itself or by a VirtualService that it delegates to.
    fn leads_out(&self, spec: &VirtualServiceSpec, namespace: &str) -> bool {
        let to_gateway = |spec: &VirtualServiceSpec, namespace: &str| {
            destinations(spec).any(|to| self.is_gateway(to.host, namespace))
        };
        let delegated = |rule: &VirtualServiceHttp| {
            let Some(delegate) = &rule.delegate else { return false };
            let place = delegate.namespace.as_deref().unwrap_or(namespace);
            let name = delegate.name.as_deref().unwrap_or_default();
            // One that may not be read may lead anywhere.
            self.routes.get(&(place, name)).is_none_or(|spec| to_gateway(spec, place))
        };
        to_gateway(spec, namespace) || spec.http.iter().flatten().any(delegated)
    }

    fn is_gateway(&self, host: &str, namespace: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        let short =
            !host.contains('.') && self.services.contains(&format!("{host}.{namespace}.svc.{}", self.domain));
        short || self.services.contains(&host)
    }
}

/// What tunnels of a DestinationRule lead to: calls leave through a proxy, for another host than they were for.
pub(super) fn tunnels(resource: &Resource, rule: &DestinationRuleSpec, found: &mut Finder<'_>) {
    let by = resource.id.to_string();
    let whole = rule.traffic_policy.iter().filter_map(|policy| policy.tunnel.as_ref());
    for tunnel in whole {
        found.host(&resource.id.namespace, &tunnel.target_host, (tunnel.target_port, "TCP"), &by);
    }
    let policies = rule.subsets.iter().flatten().filter_map(|subset| subset.traffic_policy.as_ref());
    for tunnel in policies.filter_map(|policy| policy.tunnel.as_ref()) {
        found.host(&resource.id.namespace, &tunnel.target_host, (tunnel.target_port, "TCP"), &by);
    }
}
