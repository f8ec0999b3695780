//! Finds the proxy to the API server, if any: `proxy-url`, `HTTPS_PROXY`, `NO_PROXY`.
//!
//! Follows client-go. The client library does it wrong: kube 5.0.0 compares `NO_PROXY` with the proxy's own address
//! instead of the server's, and applies it to `proxy-url`, too.

use std::net::IpAddr;

use hyper::Uri;
use ipnet::IpNet;

use crate::error::{ClusterError, one_line};

/// The environment's proxy variables, as the shell read them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyEnvironment {
    /// `HTTPS_PROXY`, else `https_proxy`.
    pub https_proxy: Option<String>,
    /// `HTTP_PROXY`, else `http_proxy`: for a server with a plain `http://` URL.
    pub http_proxy: Option<String>,
    /// `NO_PROXY`, else `no_proxy`.
    pub no_proxy: Option<String>,
}

/// The proxy for this server, if any. `NO_PROXY` does not apply to `proxy-url` of the kubeconfig.
pub(super) fn choose(
    proxy_url: Option<&str>,
    server: &Uri,
    environment: &ProxyEnvironment,
) -> Result<Option<Uri>, ClusterError> {
    if let Some(url) = proxy_url.filter(|url| !url.is_empty()) {
        return parse(url).map(Some);
    }
    let variable = match server.scheme_str() {
        Some("http") => &environment.http_proxy,
        _ => &environment.https_proxy,
    };
    let bypassed = is_bypassed(server, environment.no_proxy.as_deref().unwrap_or_default());
    match variable.as_deref().filter(|url| !url.is_empty()) {
        Some(url) if !bypassed => parse(url).map(Some),
        _ => Ok(None),
    }
}

fn parse(url: &str) -> Result<Uri, ClusterError> {
    // Go reads `proxy.corp:3128` as `http://proxy.corp:3128`.
    let whole = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let parsed: Option<Uri> = whole.parse().ok();
    parsed
        .filter(|uri| uri.host().is_some_and(|host| !host.is_empty()))
        .ok_or_else(|| ClusterError::Kubeconfig(format!("proxy `{}` is not a URL", one_line(&shown(url)))))
}

/// A proxy's URL may contain a password.
fn shown(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (start, Some(at)) => format!("{}…{}", &url[..start.map_or(0, |start| start + 3)], &url[at..]),
        (_, None) => url.to_owned(),
    }
}

/// Go's rules (`golang.org/x/net/http/httpproxy`): loopback is never proxied; `*`; addresses; networks; a name matches
/// itself and its subdomains, with a leading dot only its subdomains; an entry with a port matches that port only.
/// Invalid entries are skipped.
fn is_bypassed(server: &Uri, no_proxy: &str) -> bool {
    let host = server.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    let default = if server.scheme_str() == Some("http") { 80 } else { 443 };
    let port = server.port_u16().unwrap_or(default);
    let address: Option<IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    no_proxy.split(',').map(|entry| entry.trim().to_ascii_lowercase()).any(|entry| match address {
        _ if entry.is_empty() => false,
        _ if entry == "*" => true,
        Some(address) => fits_address(&entry, address, port),
        None => fits_name(&entry, &host, port),
    })
}

fn fits_address(entry: &str, address: IpAddr, port: u16) -> bool {
    if entry.contains('/') {
        return entry.parse::<IpNet>().is_ok_and(|network| network.contains(&address));
    }
    let (host, wanted) = split_port(entry);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.parse() == Ok(address) && wanted.is_none_or(|wanted| wanted == port)
}

fn fits_name(entry: &str, host: &str, port: u16) -> bool {
    let (name, wanted) = split_port(entry);
    let name = name.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(name);
    let below = |suffix: &str| host.ends_with(suffix);
    let fits = match name.strip_prefix('.') {
        Some(_) => below(name),
        None => host == name || below(&format!(".{name}")),
    };
    fits && wanted.is_none_or(|wanted| wanted == port)
}

/// A bare IPv6 address has colons and no port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(server: &str, no_proxy: &str) -> Option<String> {
        let environment = ProxyEnvironment {
            https_proxy: Some("http://proxy.corp:3128".to_owned()),
            http_proxy: None,
            no_proxy: Some(no_proxy.to_owned()),
        };
        choose(None, &server.parse().unwrap(), &environment).unwrap().map(|uri| uri.to_string())
    }

    #[test]
    fn no_proxy_is_compared_with_the_server_and_not_with_the_proxy() {
        for no_proxy in
            ["10.0.0.1", "10.0.0.0/8", "10.0.0.1:6443", "*", "x, 10.0.0.1 ,", "10.0.0.0/0", "10.9.9.9/8"]
        {
            assert_eq!(chosen("https://10.0.0.1:6443", no_proxy), None, "{no_proxy}");
        }
        for no_proxy in [
            "proxy.corp:3128",
            "proxy.corp",
            "",
            "10.0.0.1:443",
            "10.0.0.2",
            "192.168.0.0/16",
            ",,",
            "1/2/3",
            "10.0.0.0/33",
        ] {
            assert!(chosen("https://10.0.0.1:6443", no_proxy).is_some(), "{no_proxy}");
        }
    }

    #[test]
    fn a_name_in_no_proxy_stands_for_what_is_below_it() {
        for no_proxy in
            ["example.org", ".example.org", "*.example.org", "api.EXAMPLE.org", "example.org:6443"]
        {
            assert_eq!(chosen("https://api.example.org:6443", no_proxy), None, "{no_proxy}");
        }
        for no_proxy in ["ample.org", "api.example.org.uk", ".api.example.org", "example.org:443"] {
            assert!(chosen("https://api.example.org:6443", no_proxy).is_some(), "{no_proxy}");
        }
    }

    #[test]
    fn addresses_of_version_six_are_compared_as_addresses() {
        for no_proxy in ["fd00::1", "[fd00::1]", "[fd00::1]:6443", "fd00::/8"] {
            assert_eq!(chosen("https://[fd00:0::1]:6443", no_proxy), None, "{no_proxy}");
        }
        assert!(chosen("https://[fd00::1]:6443", "fd00::2,10.0.0.0/8").is_some());
    }

    #[test]
    fn loopback_is_never_reached_through_a_proxy() {
        assert_eq!(chosen("https://127.0.0.1:6443", ""), None);
        assert_eq!(chosen("https://localhost:6443", ""), None);
    }

    #[test]
    fn the_kubeconfigs_proxy_is_not_overruled_by_no_proxy() {
        let environment = ProxyEnvironment { no_proxy: Some("*".to_owned()), ..ProxyEnvironment::default() };
        let server = "https://10.0.0.1:6443".parse().unwrap();
        let chosen = choose(Some("socks5://127.0.0.1:1080"), &server, &environment).unwrap();
        assert_eq!(chosen, Some("socks5://127.0.0.1:1080".parse().unwrap()));
    }

    #[test]
    fn a_proxys_password_is_not_shown() {
        let environment = ProxyEnvironment::default();
        let server = "https://10.0.0.1:6443".parse().unwrap();
        let error = choose(Some("http://user:secret@a b"), &server, &environment).unwrap_err();
        assert_eq!(error.to_string(), "proxy `http://…@a b` is not a URL");
    }
}
