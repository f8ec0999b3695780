//! What the functions beside the CEL have in common: the same parts, on an object as JSON.
//!
//! Knows metadata and hosts. Knows nothing of the kinds.

use serde_json::{Map, Value};

use super::common::{INTERNAL, OF_PEOPLE, OURS, TAIL};
use crate::digest::is_hexadecimal;
use crate::metadata::{FIELD_MANAGER, HOST, MANAGED_BY, ROLE};

/// An object as the rules see it.
pub(super) struct Judged<'a> {
    pub(super) namespace: &'a str,
    pub(super) spec: &'a Value,
    annotations: Option<&'a Map<String, Value>>,
    label: &'a str,
}

impl<'a> Judged<'a> {
    pub(super) fn of(object: &'a Value) -> Self {
        let metadata = &object["metadata"];
        Judged {
            namespace: string(&metadata["namespace"]),
            spec: &object["spec"],
            annotations: metadata["annotations"].as_object(),
            label: string(&metadata["labels"][MANAGED_BY]),
        }
    }

    /// Whether it says that this program wrote it.
    pub(super) fn claims(&self) -> bool {
        self.label == FIELD_MANAGER
            || self.keys().any(|key| key.starts_with(OURS) && !OF_PEOPLE.contains(&key))
    }

    /// Whether it carries annotations of istiod's own objects.
    pub(super) fn is_internal(&self) -> bool {
        self.keys().any(|key| key.starts_with(INTERNAL))
    }

    /// The part it says it plays.
    pub(super) fn role(&self) -> &'a str {
        self.annotation(ROLE)
    }

    /// The host it says it is for.
    pub(super) fn host(&self) -> &'a str {
        self.annotation(HOST)
    }

    pub(super) fn annotation(&self, key: &str) -> &'a str {
        self.annotations.and_then(|all| all.get(key)).map(string).unwrap_or_default()
    }

    /// Whether `upstream` is the host of the upstream of `host` in its namespace. What the hash is, CEL cannot say.
    pub(super) fn is_upstream_of(&self, upstream: &str, host: &str) -> bool {
        let tail = format!(".{}{TAIL}", self.namespace);
        let long = host.len() + tail.len() > 253;
        upstream.strip_suffix(&tail).is_some_and(|name| name == host || long && is_hexadecimal(name, 8))
    }

    /// Whether a host below `.egress.internal` belongs to its namespace.
    pub(super) fn is_own(&self, host: &str) -> bool {
        host.ends_with(&format!(".{}{TAIL}", self.namespace))
    }

    fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.annotations.into_iter().flat_map(Map::keys).map(String::as_str)
    }
}

/// Whether a host is below `.egress.internal`, in any case, with a dot at its end or not.
pub(super) fn is_below(host: &str) -> bool {
    let lower = host.to_ascii_lowercase();
    lower.strip_suffix('.').unwrap_or(&lower).ends_with(TAIL)
}

/// Whether a text is a name outside the mesh, written as `add` writes it.
pub(super) fn is_outside(host: &str) -> bool {
    let label = |label: &str| {
        let bytes = label.as_bytes();
        bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            && bytes.first().is_some_and(|byte| *byte != b'-')
            && bytes.last().is_some_and(|byte| *byte != b'-')
    };
    let labels: Vec<&str> = host.split('.').collect();
    let inside = ["svc", "localhost", "local", "internal", "localdomain"];
    let last = labels.last().copied().unwrap_or_default();
    labels.len() > 1
        && labels.iter().all(|text| label(text))
        && !inside.contains(&last)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
        && !host.ends_with(".in-addr.arpa")
        && host != "in-addr.arpa"
}

/// The text of a value; empty where it is none.
pub(super) fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The items of a list; none where it is no list.
pub(super) fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Whether a map has these keys only; a missing one has no others.
pub(super) fn only(value: &Value, keys: &[&str]) -> bool {
    value.as_object().is_none_or(|map| map.keys().all(|key| keys.contains(&key.as_str())))
}

/// The only item of a list.
pub(super) fn single(value: &Value) -> Option<&Value> {
    match items(value) {
        [one] => Some(one),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::DnsName;

    #[test]
    fn a_name_outside_the_mesh_is_what_the_parser_takes() {
        for host in [
            "edition.cnn.com",
            "xn--bcher-kva.example",
            "r3---sn-4g5e.googlevideo.com",
            "Edition.cnn.com",
            "edition.cnn.com.",
            "example",
            "-a.example",
            "a-.example",
            "a..example",
            "*.cnn.com",
            "10.0.0.1",
            "a.1",
            "metadata.google.internal",
            "istio-egressgateway.istio-system.svc",
            "istio-egressgateway.istio-system.svc.cluster.local",
            "printer.local",
            "a.localhost",
            "1.0.0.127.in-addr.arpa",
            "a.arpa",
            "",
        ] {
            let parsed = DnsName::parse(host).is_ok_and(|name| name.as_str() == host);
            assert_eq!(is_outside(host), parsed, "{host}");
        }
    }
}
