//! Which rule of a VirtualService led a call to a cluster, where only one can have.

use egress_core::istio::route_destination::RouteDestination;
use egress_core::proxy::port_and_host;
use egress_core::resource::Resource;
use egress_core::snapshot::MeshFacts;
use egress_core::visibility::destination_rule::full_host;
use egress_core::visibility::virtual_service::{MESH, gateway_name};

/// A rule, as far as it says for whom it is and where it leads.
struct LeadingRule<'a> {
    field: String,
    /// The gateways and port of each match.
    matches: Vec<(Option<&'a [String]>, Option<i64>)>,
    to: Vec<RouteDestination<'a>>,
}

/// The field of the rule: `spec.http[0]`. `called` is the port that a caller called; none at a gateway, whose server may have
/// another number for the port.
pub(super) fn only_rule(
    mesh: &MeshFacts,
    route: &Resource,
    cluster: &str,
    called: Option<u16>,
) -> Option<String> {
    let owner = &route.id.namespace;
    let usual = route.virtual_service()?.gateways.as_deref();
    let (port, host) = port_and_host(cluster)?;
    let subset = cluster.split('|').nth(2).unwrap_or_default();
    let is_for = |(gateways, number): &(Option<&[String]>, Option<i64>)| {
        let own = gateways.filter(|names| !names.is_empty());
        let names = own.or(usual).unwrap_or_default();
        let is_mesh = |name: &String| gateway_name(name, owner) == MESH;
        match called {
            Some(called) => {
                (names.is_empty() || names.iter().any(is_mesh))
                    && number.is_none_or(|number| number == 0 || number == i64::from(called))
            }
            None => !names.iter().all(is_mesh),
        }
    };
    let leads = |to: &RouteDestination<'_>| {
        full_host(to.host, owner, mesh) == host
            && to.port.is_none_or(|number| number == i64::from(port))
            && to.subset.unwrap_or_default() == subset
    };
    let decides = |rule: &LeadingRule<'_>| {
        (rule.matches.is_empty() || rule.matches.iter().any(is_for)) && rule.to.iter().any(leads)
    };
    let mut found = rules(route).into_iter().filter(decides).map(|rule| rule.field);
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

fn rules(route: &Resource) -> Vec<LeadingRule<'_>> {
    let Some(spec) = route.virtual_service() else { return Vec::new() };
    let http = spec.http.iter().flatten().enumerate().map(|(number, rule)| LeadingRule {
        field: format!("spec.http[{number}]"),
        matches: rule.r#match.iter().flatten().map(|one| (one.gateways.as_deref(), one.port)).collect(),
        to: rule.route.iter().flatten().map(|route| (&route.destination).into()).collect(),
    });
    let tls = spec.tls.iter().flatten().enumerate().map(|(number, rule)| LeadingRule {
        field: format!("spec.tls[{number}]"),
        matches: rule.r#match.iter().map(|one| (one.gateways.as_deref(), one.port)).collect(),
        to: rule.route.iter().flatten().map(|route| (&route.destination).into()).collect(),
    });
    let tcp = spec.tcp.iter().flatten().enumerate().map(|(number, rule)| LeadingRule {
        field: format!("spec.tcp[{number}]"),
        matches: rule.r#match.iter().flatten().map(|one| (one.gateways.as_deref(), one.port)).collect(),
        to: rule.route.iter().flatten().map(|route| (&route.destination).into()).collect(),
    });
    http.chain(tls).chain(tcp).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TO_GATEWAY: &str = "outbound|443||egress.istio-system.svc.cluster.local";
    const TO_HOST: &str = "outbound|443||edition.cnn.com";

    fn field(rules: &serde_json::Value, cluster: &str, called: Option<u16>) -> Option<String> {
        let route = Resource::from_json(&json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": { "name": "cnn", "namespace": "shop" },
            "spec": { "hosts": ["edition.cnn.com"], "gateways": ["mesh", "istio-system/egress"], "tls": rules },
        }))
        .unwrap();
        let mesh = MeshFacts { cluster_domain: "cluster.local".to_owned(), ..MeshFacts::default() };
        only_rule(&mesh, &route, cluster, called)
    }

    fn rule(gateway: &str, port: u16, host: &str) -> serde_json::Value {
        json!({
            "match": [{ "gateways": [gateway], "port": port, "sniHosts": ["edition.cnn.com"] }],
            "route": [{ "destination": { "host": host, "port": { "number": 443 } } }],
        })
    }

    #[test]
    fn the_rule_that_leads_to_the_cluster_is_named_by_its_place() {
        let gateway = "egress.istio-system.svc.cluster.local";
        let rules = json!([
            rule("mesh", 443, gateway),
            rule("mesh", 8443, gateway),
            rule("istio-system/egress", 443, "edition.cnn.com"),
        ]);
        assert_eq!(field(&rules, TO_GATEWAY, Some(443)).as_deref(), Some("spec.tls[0]"));
        assert_eq!(field(&rules, TO_GATEWAY, Some(8443)).as_deref(), Some("spec.tls[1]"));
        assert_eq!(field(&rules, TO_HOST, None).as_deref(), Some("spec.tls[2]"));
    }

    #[test]
    fn of_two_rules_that_may_have_led_there_none_is_named() {
        let gateway = "egress.istio-system.svc.cluster.local";
        let rules = json!([rule("mesh", 443, gateway), rule("mesh", 443, gateway)]);
        assert_eq!(field(&rules, TO_GATEWAY, Some(443)), None);
    }
}
