//! Hosts with a wildcard, as settings name them: `api.example.com`, or `*.example.com` for everything below it.

use alloc::format;
use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Deserializer, de::Error as _};

/// `*.example.com` is one label or more below `example.com`, never `example.com` itself. Without `*.` it is that host
/// alone. There is no glob for every host: a policy that allows all of them does not ask.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostGlob(String);

/// Why a text is no glob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidGlob {
    /// The text.
    pub found: String,
}

impl HostGlob {
    /// Reads a glob; upper case and a trailing dot are forgiven.
    pub fn parse(text: &str) -> Result<Self, InvalidGlob> {
        let lower = text.trim_end_matches('.').to_ascii_lowercase();
        let name = lower.strip_prefix("*.").unwrap_or(&lower);
        let is_label = |label: &str| {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
            !label.is_empty() && label.len() <= 63 && label.bytes().all(known)
        };
        if name.len() <= 253 && name.split('.').all(is_label) {
            Ok(HostGlob(lower))
        } else {
            Err(InvalidGlob { found: text.into() })
        }
    }

    /// Whether it covers this host. A host that is a wildcard itself is covered when all it stands for is.
    pub fn matches(&self, host: &str) -> bool {
        match self.0.strip_prefix('*') {
            Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
            None => host == self.0,
        }
    }

    /// The text of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HostGlob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for InvalidGlob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` is neither a host nor `*.` and a host", self.found)
    }
}

impl core::error::Error for InvalidGlob {}

impl<'de> Deserialize<'de> for HostGlob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        HostGlob::parse(&text).map_err(|error| D::Error::custom(format!("{error}")))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn glob(text: &str) -> HostGlob {
        HostGlob::parse(text).unwrap()
    }

    #[test]
    fn a_wildcard_is_one_label_or_more_and_never_the_apex() {
        let glob = glob("*.example.com");

        assert!(glob.matches("api.example.com"));
        assert!(glob.matches("eu.api.example.com"));
        assert!(!glob.matches("example.com"));
        assert!(!glob.matches("badexample.com"));
        assert!(!glob.matches(".example.com"));
    }

    #[test]
    fn a_host_is_that_host_alone() {
        assert!(glob("api.example.com").matches("api.example.com"));
        assert!(!glob("api.example.com").matches("eu.api.example.com"));
        assert!(!glob("api.example.com").matches("*.example.com"));
    }

    #[test]
    fn a_wildcard_that_is_asked_for_is_covered_by_the_same_or_a_wider_one() {
        assert!(glob("*.example.com").matches("*.example.com"));
        assert!(glob("*.example.com").matches("*.eu.example.com"));
        assert!(!glob("*.eu.example.com").matches("*.example.com"));
    }

    #[test]
    fn case_and_a_trailing_dot_are_forgiven() {
        assert_eq!(glob("*.Example.COM.").as_str(), "*.example.com");
    }

    #[test]
    fn what_is_no_host_is_no_glob() {
        for text in ["", "*", "*.", "a.*.b", "a*.b", "a..b", "https://a.b", "a.b:443", "ä.de"] {
            assert!(HostGlob::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_wildcard_covers_exactly_the_names_below_it(
            name in "[a-z]{1,5}(\\.[a-z]{1,5}){0,2}",
            below in "[a-z]{1,5}(\\.[a-z]{1,5}){0,2}",
        ) {
            let wildcard = glob(&format!("*.{name}"));
            let host = format!("{below}.{name}");
            let longer = format!("{below}{name}");
            prop_assert!(wildcard.matches(&host));
            prop_assert!(!wildcard.matches(&name));
            prop_assert_eq!(wildcard.matches(&longer), longer.ends_with(&format!(".{name}")));
        }
    }
}
