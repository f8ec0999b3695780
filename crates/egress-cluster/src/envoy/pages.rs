//! Which of Envoy's admin pages answer an expectation, and no more of them than needed: a page costs time in proportion
//! to the size of the mesh.
//!
//! Knows Envoy's filters: `name_regex` must match a whole name, `filter` any part of one; an Envoy that does not know
//! them answers with everything.

use std::collections::BTreeSet;

use egress_core::host::DnsName;
use egress_core::port::Protocol;
use egress_core::proof::{Expectation, ProxyCondition, Side};
use egress_core::proxy::counters;
use url::form_urlencoded::byte_serialize;

const ROUTES: &str = "/config_dump?resource=dynamic_route_configs";
const LISTENERS: &str = "/config_dump?resource=dynamic_listeners";
const CLUSTERS: &str = "/clusters?format=json";
/// Of clusters as istiod told them: whose they are and where they lead, without the rest, which is most of it.
const CONFIGURED: &str = "/config_dump?resource=dynamic_active_clusters\
    &mask=cluster.name,cluster.type,cluster.metadata,cluster.load_assignment";
/// Secrets that a listener or cluster waits for. Those that came are never asked for: they hold keys.
pub(crate) const MISSING_SECRETS: &str = "/config_dump?resource=dynamic_warming_secrets";

/// The certificates that Envoy shows of itself, without their keys.
pub(crate) const CERTIFICATES: &str = "/certs";

/// Letters of names of clusters that are named in an address; encoded they are up to three times as long.
const LONGEST_NAMES: usize = 8_000;

/// The pages of one reading; `None`: not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pages {
    /// Route tables: HTTP.
    pub(crate) routes: Option<String>,
    /// Listeners: TLS.
    pub(crate) listeners: Option<String>,
    /// Clusters and their endpoints.
    pub(crate) clusters: Option<String>,
    /// Clusters as istiod told them.
    pub(crate) configured: Option<String>,
}

impl Pages {
    /// Every route table and listener.
    pub(crate) fn routes() -> Self {
        let page = |path: &str| Some(path.to_owned());
        Pages { routes: page(ROUTES), listeners: page(LISTENERS), clusters: None, configured: None }
    }

    /// What is needed to check these expectations. More clusters than can be named are all read.
    pub(crate) fn of<'a>(expectations: impl Iterator<Item = &'a Expectation> + Clone) -> Self {
        let (mut reached, mut owned) = (BTreeSet::new(), BTreeSet::new());
        for condition in expectations.clone().flat_map(|expectation| &expectation.conditions) {
            match condition {
                ProxyCondition::HasEndpoints { cluster } => reached.insert(cluster.as_str()),
                ProxyCondition::MadeOf(condition) => owned.insert(condition.cluster.as_str()),
                ProxyCondition::RoutesTo { .. } | ProxyCondition::RouteRemoved { .. } => false,
            };
        }
        Pages {
            routes: routes(expectations.clone()),
            listeners: listeners(expectations),
            clusters: (!reached.is_empty()).then(|| clusters(few(&reached), &[])),
            configured: (!owned.is_empty()).then(|| configured(few(&owned), &[])),
        }
    }
}

/// The clusters of these names and those of these hosts, also where no route leads to them: of two egresses of one host a
/// gateway follows one. `None`: all of them.
pub(crate) fn clusters(names: Option<&BTreeSet<&str>>, hosts: &[DnsName]) -> String {
    let Some(names) = names else { return CLUSTERS.to_owned() };
    format!("{CLUSTERS}&filter={}", encoded(&format!("^({})$", of_names(names, hosts))))
}

/// The same clusters as istiod told them.
pub(crate) fn configured(names: Option<&BTreeSet<&str>>, hosts: &[DnsName]) -> String {
    let Some(names) = names else { return CONFIGURED.to_owned() };
    format!("{CONFIGURED}&name_regex={}", encoded(&of_names(names, hosts)))
}

fn of_names(names: &BTreeSet<&str>, hosts: &[DnsName]) -> String {
    let of_host =
        |host: &DnsName| format!(r"outbound\|[0-9]+\|[^|]*\|\Q{host}\E(\.[^|]+\.egress\.internal)?");
    let names = names.iter().map(|name| format!(r"\Q{name}\E"));
    let names: Vec<String> = names.chain(hosts.iter().map(of_host)).collect();
    names.join("|")
}

/// The counters that a view takes.
pub(crate) fn statistics() -> String {
    format!("/stats?filter={}", encoded(counters::FILTER))
}

/// Names that fit into an address: Envoy takes 60 KiB of headers.
fn few<'n, 'a>(names: &'n BTreeSet<&'a str>) -> Option<&'n BTreeSet<&'a str>> {
    Some(names).filter(|names| names.iter().map(|name| name.len()).sum::<usize>() <= LONGEST_NAMES)
}

/// The listeners of TLS, and where it matters whether a port is listened on, those of HTTP.
fn listeners<'a>(expectations: impl Iterator<Item = &'a Expectation>) -> Option<String> {
    let asked = |condition: &ProxyCondition| match condition {
        ProxyCondition::RoutesTo { port, where_listening, .. } => {
            *where_listening || port.protocol == Protocol::Tls
        }
        ProxyCondition::RouteRemoved { protocol, .. } => *protocol == Protocol::Tls,
        ProxyCondition::HasEndpoints { .. } | ProxyCondition::MadeOf(_) => false,
    };
    named(LISTENERS, expectations, asked)
}

/// The route tables of HTTP.
fn routes<'a>(expectations: impl Iterator<Item = &'a Expectation>) -> Option<String> {
    let asked = |condition: &ProxyCondition| match condition {
        ProxyCondition::RoutesTo { port, .. } => port.protocol == Protocol::Http,
        ProxyCondition::RouteRemoved { protocol, .. } => *protocol == Protocol::Http,
        ProxyCondition::HasEndpoints { .. } | ProxyCondition::MadeOf(_) => false,
    };
    named(ROUTES, expectations, asked)
}

/// The tables or listeners that these conditions are about. In a sidecar their names end in the application's port (`80`,
/// `host:80`, `0.0.0.0_443`), so that only those asked for are read; at a gateway they do not.
fn named<'a>(
    path: &str,
    expectations: impl Iterator<Item = &'a Expectation>,
    asked: impl Fn(&ProxyCondition) -> bool,
) -> Option<String> {
    let (mut ports, mut any, mut every) = (BTreeSet::new(), false, false);
    for expectation in expectations {
        for condition in expectation.conditions.iter().filter(|condition| asked(condition)) {
            any = true;
            match condition {
                ProxyCondition::RoutesTo { port, .. } if expectation.side == Side::Clients => {
                    ports.insert(port.number);
                }
                _ => every = true,
            }
        }
    }
    if !any {
        return None;
    }
    if every {
        return Some(path.to_owned());
    }
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    let regex = format!("(.*[:_])?({})", ports.join("|"));
    Some(format!("{path}&name_regex={}", encoded(&regex)))
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use egress_core::host::DnsName;
    use egress_core::port::Port;

    use super::*;

    fn pages(side: Side, conditions: Vec<ProxyCondition>) -> Pages {
        Pages::of(std::iter::once(&Expectation {
            side,
            host: DnsName::parse("example.com").unwrap(),
            conditions,
        }))
    }

    fn leads(port: Port) -> ProxyCondition {
        ProxyCondition::RoutesTo { port, clusters: ["a".to_owned()].into(), where_listening: false }
    }

    fn gone(protocol: Protocol) -> ProxyCondition {
        ProxyCondition::RouteRemoved { protocol, clusters: ["a".to_owned()].into() }
    }

    #[test]
    fn only_the_pages_of_the_demanded_protocols_are_read() {
        let found = pages(Side::Gateway, vec![leads(Port::HTTP)]);
        let nothing = Pages { routes: None, listeners: None, clusters: None, configured: None };
        assert_eq!(found, Pages { routes: Some(ROUTES.to_owned()), ..nothing.clone() });
        let found = pages(Side::Clients, vec![gone(Protocol::Tls)]);
        assert_eq!(found, Pages { listeners: Some(LISTENERS.to_owned()), ..nothing });
    }

    #[test]
    fn of_a_sidecar_only_the_tables_of_the_ports_are_read() {
        let found = pages(Side::Clients, vec![leads(Port::HTTP), leads(Port::TLS)]);
        assert_eq!(found.routes.unwrap(), format!("{ROUTES}&name_regex=%28.*%5B%3A_%5D%29%3F%2880%29"));
        assert_eq!(
            found.listeners.unwrap(),
            format!("{LISTENERS}&name_regex=%28.*%5B%3A_%5D%29%3F%28443%29")
        );
        let both = pages(Side::Clients, vec![leads(Port::HTTP), gone(Protocol::Http)]);
        assert_eq!(both.routes.unwrap(), ROUTES);
    }

    #[test]
    fn where_a_proxy_may_not_listen_its_listeners_are_read() {
        let clusters = ["a".to_owned()].into();
        let condition = ProxyCondition::RoutesTo { port: Port::HTTP, clusters, where_listening: true };
        let found = pages(Side::Clients, vec![condition]);
        assert_eq!(found.listeners.unwrap(), format!("{LISTENERS}&name_regex=%28.*%5B%3A_%5D%29%3F%2880%29"));
    }

    #[test]
    fn of_the_clusters_only_those_asked_for_are_read() {
        let cluster = "outbound|80||example.com".to_owned();
        let found = pages(Side::Gateway, vec![ProxyCondition::HasEndpoints { cluster }]).clusters.unwrap();
        assert_eq!(found, format!("{CLUSTERS}&filter=%5E%28%5CQoutbound%7C80%7C%7Cexample.com%5CE%29%24"));
    }
}
