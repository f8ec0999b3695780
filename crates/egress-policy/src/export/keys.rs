//! Host globs as the keys of a map, so that a look-up costs the same with one host as with 20,000.
//!
//! A name is looked up as itself, as below each of its parents, and as any host. So `api.eu.acme.com` has the keys
//! `api.eu.acme.com`, `.eu.acme.com`, `.acme.com`, `.com` and the empty one. A list that denies also has a key for each
//! wildcard that would reach one of its hosts, since what denies one host denies the wildcard. Knows no CEL.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::rules::glob::{HostGlob, HostPattern};

/// Between a host and its only port. No host, no address and no range holds it.
pub(super) const BEFORE_PORT: char = '|';
/// In place of a port: any of them.
pub(super) const ANY_PORT: &str = "*";
/// The key, and the name, of every host at once.
pub(super) const EVERYTHING: &str = "*";
/// The key of a range of addresses.
pub(super) const RANGE: &str = "/";

/// What a list of allowed hosts is looked up by: a wildcard is allowed where all that it stands for is.
pub(super) fn allowing(globs: &[HostGlob]) -> BTreeSet<String> {
    globs.iter().map(|glob| with_port(&key(glob), glob.port())).collect()
}

/// What a list of denied hosts is looked up by: it also denies what reaches one of its hosts.
pub(super) fn denying(globs: &[HostGlob]) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for glob in globs {
        let reached = reaching(glob.hosts());
        for key in reached.into_iter().chain([key(glob), EVERYTHING.to_owned()]) {
            if glob.port().is_some() {
                keys.insert(format!("{key}{BEFORE_PORT}{ANY_PORT}"));
            }
            keys.insert(with_port(&key, glob.port()));
        }
    }
    keys
}

fn key(glob: &HostGlob) -> String {
    match glob.hosts() {
        HostPattern::Every => String::new(),
        HostPattern::Below(name) => format!(".{name}"),
        HostPattern::One(host) => host.clone(),
    }
}

/// The wildcards and ranges that would reach one of these hosts.
fn reaching(hosts: &HostPattern) -> Vec<String> {
    match hosts {
        HostPattern::Every => Vec::new(),
        HostPattern::One(address) if address.parse::<IpAddr>().is_ok() => vec![RANGE.to_owned()],
        HostPattern::Below(name) | HostPattern::One(name) => {
            let parents = name.match_indices('.').filter_map(|(place, _)| name.get(place + 1..));
            parents.map(|parent| format!("*.{parent}")).collect()
        }
    }
}

fn with_port(key: &str, port: Option<u16>) -> String {
    port.map_or_else(|| key.to_owned(), |port| format!("{key}{BEFORE_PORT}{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(texts: &[&str]) -> Vec<HostGlob> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn an_allowed_wildcard_is_the_key_of_what_is_below_it() {
        let keys = allowing(&globs(&["api.acme.com:443", "*.acme.com", "[2001:db8::1]:80"]));
        assert_eq!(Vec::from_iter(keys), [".acme.com", "2001:db8::1|80", "api.acme.com|443"]);
    }

    #[test]
    fn a_denied_host_is_denied_in_everything_that_reaches_it() {
        let keys = denying(&globs(&["evil.acme.com:443"]));
        let port = ["*", "*.acme.com", "*.com", "evil.acme.com"];
        let expected = port.iter().flat_map(|key| [format!("{key}|*"), format!("{key}|443")]);
        assert_eq!(keys, expected.collect());
        let keys = denying(&globs(&["169.254.169.254", "*:80"]));
        assert_eq!(Vec::from_iter(keys), ["*", "*|*", "*|80", "/", "169.254.169.254", "|*", "|80"]);
    }
}
