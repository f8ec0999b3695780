//! Host globs: `api.acme.com`, `*.acme.com`, `*`, each with or without `:port`.
//!
//! Knows how one is written and what it matches. Knows no policy.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use serde::{Serialize, Serializer};
use thiserror::Error;

use egress_core::host::{DnsName, HostError, printable, quoted};
use egress_core::intent::is_label;

/// Hosts, and perhaps one port of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostGlob {
    hosts: HostPattern,
    port: Option<u16>,
}

/// The hosts that a glob stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HostPattern {
    /// `*`
    Every,
    /// `*.acme.com`: one label or more in front, never the name itself. Holds the name.
    Below(String),
    /// `api.acme.com`, or an address without brackets.
    One(String),
}

/// Why a text is not a host glob.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum GlobError {
    /// The part before the port.
    #[error("expected a host such as `api.acme.com` or `*.acme.com`, found {found}: {why}")]
    Host {
        /// The text.
        found: String,
        /// What a host may not be.
        why: String,
    },
    /// The part after the colon.
    #[error("expected a port from 1 to 65535 after `:`, found {0}")]
    Port(String),
}

impl HostGlob {
    /// Whether a destination is one of them. The host is in lower case, as every parsed host is; a wildcard is one of
    /// them where all that it stands for is.
    pub fn matches(&self, host: &str, port: u16) -> bool {
        self.port.is_none_or(|only| only == port)
            && match &self.hosts {
                HostPattern::Every => true,
                HostPattern::Below(name) => is_below(host, name),
                HostPattern::One(one) => one == host,
            }
    }

    /// Whether a destination is one of them, or a wildcard that stands for one of them: what denies one host denies
    /// every wildcard that would reach it.
    pub fn touches(&self, host: &str, port: u16) -> bool {
        let reached = |name: &str| match host.strip_prefix("*.") {
            Some(above) => is_below(name, above),
            None => host == "*",
        };
        self.matches(host, port)
            || self.port.is_none_or(|only| only == port)
                && match &self.hosts {
                    HostPattern::Every => true,
                    HostPattern::Below(name) | HostPattern::One(name) => reached(name),
                }
    }

    /// Whether only the port keeps a destination from being one of them.
    pub(super) fn matches_on_another_port(&self, host: &str, port: u16) -> bool {
        self.port.is_some_and(|only| only != port && self.matches(host, only))
    }

    /// The hosts, whatever the port.
    pub(crate) fn hosts(&self) -> &HostPattern {
        &self.hosts
    }

    /// The only port; `None`: every port.
    pub(crate) fn port(&self) -> Option<u16> {
        self.port
    }

    /// Whether it is `*`, or `*:port`.
    pub fn is_every_host(&self) -> bool {
        self.hosts == HostPattern::Every
    }
}

fn is_below(host: &str, name: &str) -> bool {
    let front = host.strip_suffix(name).and_then(|front| front.strip_suffix('.'));
    front.is_some_and(|front| !front.is_empty())
}

impl FromStr for HostGlob {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, GlobError> {
        // The last colon of an address without brackets is none of ours.
        let bare_address = text.parse::<Ipv6Addr>().is_ok();
        let (hosts, port) = match text.rsplit_once(':') {
            Some((hosts, port)) if !bare_address && !port.ends_with(']') => (hosts, Some(port)),
            _ => (text, None),
        };
        let port = port.map(parse_port).transpose()?;
        let hosts = match hosts.strip_prefix("*.") {
            None if hosts == "*" => HostPattern::Every,
            None => HostPattern::One(parse_host(hosts)?),
            Some(name) if name.parse::<IpAddr>().is_err() => HostPattern::Below(parse_host(name)?),
            Some(_) => {
                return Err(GlobError::Host {
                    found: quoted(hosts),
                    why: "nothing is below an address".to_owned(),
                });
            }
        };
        Ok(HostGlob { hosts, port })
    }
}

impl fmt::Display for HostGlob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.hosts, self.port) {
            (HostPattern::Every, _) => formatter.write_str("*"),
            (HostPattern::Below(name), _) => write!(formatter, "*.{name}"),
            (HostPattern::One(host), Some(_)) if host.contains(':') => write!(formatter, "[{host}]"),
            (HostPattern::One(host), _) => formatter.write_str(host),
        }?;
        self.port.map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

impl Serialize for HostGlob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A host as the parser of hosts writes it. A list may also name what no egress can be for, such as `*.internal`, the
/// metadata address, or everything below a top-level domain.
fn parse_host(text: &str) -> Result<String, GlobError> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(address.to_canonical().to_string());
    }
    let problem = |why: String| GlobError::Host { found: quoted(text), why };
    if text.contains('*') {
        return Err(problem("a `*` stands for whole labels in front, as in `*.acme.com`".to_owned()));
    }
    match DnsName::parse(text) {
        Ok(name) => Ok(name.into()),
        Err(HostError::Internal { host, .. } | HostError::SingleLabel(host))
            if host.split('.').all(is_label) =>
        {
            Ok(host)
        }
        Err(error) => Err(problem(error.to_string())),
    }
}

fn parse_port(text: &str) -> Result<u16, GlobError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse::<u16>().ok().filter(|number| digits && *number > 0);
    number.ok_or_else(|| GlobError::Port(quoted(&printable(text))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn glob(text: &str) -> HostGlob {
        text.parse().unwrap()
    }

    #[test]
    fn a_star_is_one_label_or_more_and_never_the_name_itself() {
        let below = glob("*.acme.com");
        for (host, matches) in [
            ("api.acme.com", true),
            ("a.b.acme.com", true),
            ("*.acme.com", true),
            ("acme.com", false),
            (".acme.com", false),
            ("evilacme.com", false),
            ("api.acme.com.evil.io", false),
        ] {
            assert_eq!(below.matches(host, 443), matches, "{host}");
        }
    }

    #[test]
    fn a_port_is_the_only_port() {
        assert!(glob("api.acme.com:443").matches("api.acme.com", 443));
        assert!(!glob("api.acme.com:443").matches("api.acme.com", 80));
        assert!(glob("*:80").matches("api.acme.com", 80));
        assert!(glob("[2001:db8::1]:443").matches("2001:db8::1", 443));
        assert!(glob("2001:db8::1").matches("2001:db8::1", 80));
    }

    #[test]
    fn a_denied_host_is_denied_in_every_wildcard_that_reaches_it() {
        let denied = glob("evil.acme.com");
        assert!(denied.touches("*.acme.com", 443));
        assert!(denied.touches("*.com", 443));
        assert!(!denied.touches("*.evil.acme.com", 443));
        assert!(!denied.touches("api.acme.com", 443));
        assert!(glob("*.eu.acme.com").touches("*.acme.com", 443));
    }

    #[test]
    fn what_no_egress_can_be_for_may_be_listed_all_the_same() {
        for text in ["*.internal", "169.254.169.254", "*.ru", "localhost", "*.svc.cluster.local"] {
            assert_eq!(glob(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_glob_says_what_was_expected() {
        for text in [
            "",
            "*.*.com",
            "a*.com",
            "**",
            "*.",
            "*.10.0.0.1",
            "a b.com",
            "a.com:0",
            "a.com:99999",
            "a.com:+1",
        ] {
            let error = text.parse::<HostGlob>().unwrap_err().to_string();
            assert!(error.starts_with("expected "), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn a_glob_reads_back_as_what_was_written(
            text in r"(\*|(\*\.)?[a-z0-9]{1,9}(\.[a-z][a-z0-9]{0,9}){0,3})(:[1-9][0-9]{0,3})?",
        ) {
            if let Ok(read) = text.parse::<HostGlob>() {
                prop_assert_eq!(read.to_string().parse::<HostGlob>().unwrap(), read);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), host in any::<String>(), port in any::<u16>()) {
            if let Ok(read) = text.parse::<HostGlob>() {
                prop_assert!(!read.matches(&host, port) || read.touches(&host, port));
            }
        }
    }
}
