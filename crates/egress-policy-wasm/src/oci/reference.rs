//! What an `oci://` source names. Parsed once; its parts become parts of a URL as they are.

use std::fmt;
use std::str::FromStr;

use egress_core::digest::is_digest;
use thiserror::Error;

/// A module in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The registry's host, with a port where one was written.
    pub registry: String,
    /// The repository in it.
    pub repository: String,
    /// The tag, which may mean something else tomorrow.
    pub tag: Option<String>,
    /// The digest of the manifest, which may not.
    pub digest: Option<String>,
}

/// A source that names no module.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("expected `oci://REGISTRY/REPOSITORY:TAG` or `oci://REGISTRY/REPOSITORY@sha256:…`, found {0:?}")]
pub struct ReferenceError(String);

impl Reference {
    /// The tag or digest that a manifest is asked for by; the digest where both are written.
    pub fn version(&self) -> &str {
        self.digest.as_deref().or(self.tag.as_deref()).unwrap_or_default()
    }

    /// Whether the registry is this machine: the only one that is spoken to without TLS.
    pub fn is_local(&self) -> bool {
        let host = self.registry.rsplit_once(':').map_or(self.registry.as_str(), |(host, _)| host);
        is_this_machine(host)
    }
}

/// Whether a host is this machine by its name or its address, and not by what a name server says.
pub(super) fn is_this_machine(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1")
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| ReferenceError(text.chars().take(300).collect()))
    }
}

fn parse(text: &str) -> Option<Reference> {
    let (registry, rest) = text.strip_prefix("oci://")?.split_once('/')?;
    let (rest, digest) = match rest.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest.to_owned())),
        None => (rest, None),
    };
    let (repository, tag) = match rest.split_once(':') {
        Some((repository, tag)) => (repository, Some(tag.to_owned())),
        None => (rest, None),
    };
    let valid = is_registry(registry)
        && repository.split('/').all(is_component)
        && repository.len() <= 255
        && tag.as_deref().is_none_or(is_tag)
        && digest.as_deref().is_none_or(is_digest)
        && (tag.is_some() || digest.is_some());
    valid.then(|| Reference { registry: registry.to_owned(), repository: repository.to_owned(), tag, digest })
}

fn is_registry(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, "443"));
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.len() <= 253
        && host.split('.').all(label)
        && port.parse::<u16>().is_ok_and(|port| port > 0)
        && !port.starts_with('+')
}

/// Lower case letters and digits, with single separators between them.
fn is_component(text: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.bytes().all(|byte| inside(byte) || matches!(byte, b'.' | b'_' | b'-'))
        && text.bytes().next().is_some_and(inside)
        && text.bytes().last().is_some_and(inside)
        && !text.contains("..")
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

impl fmt::Display for Reference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "oci://{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(formatter, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(formatter, "@{digest}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::digest;

    #[test]
    fn a_reference_is_read_and_written_the_same() {
        let digest = digest(b"");
        for text in [
            "oci://ghcr.io/acme/egress-hosts:1.4".to_owned(),
            "oci://localhost:5000/hosts:v1".to_owned(),
            format!("oci://ghcr.io/acme/hosts:1.4@{digest}"),
            format!("oci://ghcr.io/acme/hosts@{digest}"),
        ] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn only_this_machine_is_spoken_to_without_tls() {
        let local = |text: &str| text.parse::<Reference>().unwrap().is_local();
        assert!(local("oci://localhost:5000/hosts:1") && local("oci://127.0.0.1:5000/hosts:1"));
        assert!(!local("oci://localhost.example.com/hosts:1") && !local("oci://10.0.0.1/hosts:1"));
    }

    #[test]
    fn what_names_no_module_is_refused() {
        for text in [
            "",
            "oci://",
            "oci://ghcr.io",
            "oci://ghcr.io/acme",
            "https://ghcr.io/acme/hosts:1",
            "oci://ghcr.io/Acme/hosts:1",
            "oci://ghcr.io/../hosts:1",
            "oci://ghcr.io/acme//hosts:1",
            "oci://user@ghcr.io/hosts:1",
            "oci://ghcr.io:0/hosts:1",
            "oci://ghcr.io/hosts:1?x",
            "oci://ghcr.io/hosts@sha256:0",
        ] {
            assert!(text.parse::<Reference>().is_err(), "{text}");
        }
    }
}
