//! Forward proxies that applications are told to use by environment variables.
//!
//! Knows proxies by name and port where no variable tells of them, and how clients read `HTTPS_PROXY` and `NO_PROXY`: the rules that curl, Go and Python's requests have in common. Ranges
//! of addresses in `NO_PROXY` are not read, since hosts are called by name.

use egress_core::snapshot::PodFacts;
use egress_istio::service_entry::ServiceEntrySpec;

/// The variable that sends a call of a pod to a forward proxy, and its value.
pub(crate) fn proxy_of_call<'a>(pod: &'a PodFacts, host: &str, is_tls: bool) -> Option<(&'a str, &'a str)> {
    if pod.no_proxy.iter().any(|list| leaves_out(list, host)) {
        return None;
    }
    let own = if is_tls { "https_proxy" } else { "http_proxy" };
    let named =
        |name: &str| pod.forward_proxies.iter().find(|(variable, _)| variable.eq_ignore_ascii_case(name));
    let (variable, url) = named(own).or_else(|| named("all_proxy"))?;
    (!url.is_empty()).then_some((variable.as_str(), url.as_str()))
}

/// Whether a list of `NO_PROXY` names a host: by its name, by a domain above it, or all.
pub(crate) fn leaves_out(list: &str, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).any(|entry| {
        let entry = entry.to_ascii_lowercase();
        let name = entry.rsplit_once(':').map_or(entry.as_str(), |(name, _)| name);
        let domain = name.trim_start_matches('*').trim_start_matches('.');
        name == "*" || host == domain || (!domain.is_empty() && host.ends_with(&format!(".{domain}")))
    })
}

/// The port of Squid, and those on which proxies listen as well as servers.
const PORT_OF_PROXIES: i64 = 3128;
const USUAL_PORTS: [i64; 3] = [8080, 8118, 8888];
/// What machines with a forward proxy are called. A name such as `api-proxy` is one of a server.
const NAMES_OF_PROXIES: [&str; 12] = [
    "company-proxy",
    "corp-proxy",
    "corporate-proxy",
    "forward-proxy",
    "http-proxy",
    "httpproxy",
    "https-proxy",
    "my-company-proxy",
    "proxy",
    "squid",
    "web-proxy",
    "webproxy",
];

/// The port of a ServiceEntry that is likely one of forward proxies: Squid's, or a usual one of a host with such a name.
pub(crate) fn port_of_proxies(spec: &ServiceEntrySpec) -> Option<i64> {
    let is_named = spec.hosts.iter().any(|host| {
        let first = host.split('.').next().unwrap_or_default();
        NAMES_OF_PROXIES
            .contains(&first.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '-'))
    });
    let mut numbers = spec.ports.iter().flatten().map(|port| port.number);
    numbers.find(|number| *number == PORT_OF_PROXIES || (is_named && USUAL_PORTS.contains(number)))
}

/// The host of a proxy's URL; applications accept it without a scheme, too.
pub(crate) fn host_of(url: &str) -> &str {
    authority(url).split(':').next().unwrap_or_default()
}

/// The port that a proxy's URL names.
pub(crate) fn port_of(url: &str) -> Option<u16> {
    authority(url).split_once(':')?.1.parse().ok()
}

/// Host and port.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use egress_istio::service_entry::ServiceEntryPorts;

    use super::*;

    #[test]
    fn no_proxy_names_hosts_domains_and_all() {
        let of = |list| leaves_out(list, "api.paygate.example");
        for list in
            ["*", "api.paygate.example", "localhost, .paygate.example", "paygate.example:443", "*.example"]
        {
            assert!(of(list), "{list}");
        }
        for list in ["", "gate.example", "10.0.0.0/8,.svc", "paygate.example.org", "."] {
            assert!(!of(list), "{list}");
        }
    }

    #[test]
    fn tls_and_plain_calls_have_variables_of_their_own() {
        let pod = |variables: &[(&str, &str)], no_proxy: &[&str]| PodFacts {
            forward_proxies: variables
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            no_proxy: no_proxy.iter().map(|list| (*list).to_owned()).collect(),
            ..PodFacts::default()
        };
        let https = pod(&[("HTTPS_PROXY", "http://proxy:3128")], &[]);
        assert_eq!(proxy_of_call(&https, "a.example", true), Some(("HTTPS_PROXY", "http://proxy:3128")));
        assert_eq!(proxy_of_call(&https, "a.example", false), None);
        let every = pod(&[("all_proxy", "http://proxy:3128")], &[".example"]);
        assert_eq!(proxy_of_call(&every, "a.example", true), None);
        assert!(proxy_of_call(&every, "a.test", false).is_some());
        assert_eq!(proxy_of_call(&pod(&[("HTTPS_PROXY", "")], &[]), "a.example", true), None);
    }

    #[test]
    fn a_forward_proxy_is_known_by_its_port_or_its_name_and_port() {
        let entry = |host: &str, number: i64| ServiceEntrySpec {
            hosts: vec![host.to_owned()],
            ports: Some(vec![ServiceEntryPorts { number, ..ServiceEntryPorts::default() }]),
            ..ServiceEntrySpec::default()
        };
        for (host, number) in
            [("outbound.corp.example", 3128), ("proxy2.corp.example", 8080), ("squid.infra", 8888)]
        {
            assert_eq!(port_of_proxies(&entry(host, number)), Some(number), "{host}");
        }
        for (host, number) in [("api-proxy.vendor.example", 8080), ("proxy.corp.example", 443)] {
            assert_eq!(port_of_proxies(&entry(host, number)), None, "{host}");
        }
    }

    #[test]
    fn the_host_of_a_proxy_is_read_in_every_form() {
        for url in [
            "http://egress.istio:80",
            "egress.istio:80",
            "http://user:word@egress.istio/",
            "socks5://egress.istio",
        ] {
            assert_eq!(host_of(url), "egress.istio", "{url}");
        }
        assert_eq!(host_of(""), "");
        assert_eq!(port_of("http://user:word@proxy.corp:3128/"), Some(3128));
        assert_eq!(port_of("proxy.corp"), None);
    }
}
