//! Names, addresses and ports as istiod's validation takes them.
//!
//! Follows `pkg/config/validation/agent/validation.go` and `pkg/config/labels/instance.go`. Each function returns what is
//! wrong, or nothing.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv6Addr};

use super::rejection::Rejections;
use crate::host::quoted;
use crate::istio::protocol::PortProtocol;

/// The longest label of a name.
const LABEL: usize = 63;
/// The longest name.
const NAME: usize = 255;

/// Whether a text is a label of a name, in letters of either case. `IsDNS1123Label`.
pub(super) fn is_label(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= LABEL
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// Whether a text is a value of a label, of whatever length. `labelValueRegexp`.
pub(super) fn is_tag_value(text: &str) -> bool {
    let is_edge = |letter: Option<char>| letter.is_none_or(|letter| letter.is_ascii_alphanumeric());
    is_edge(text.chars().next())
        && is_edge(text.chars().next_back())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
}

/// The same as [`is_label`], or `*`, or a label behind `*` or `*-`. `IsWildcardDNS1123Label`.
fn is_wildcard_label(text: &str) -> bool {
    let rest = text.strip_prefix("*-").or_else(|| text.strip_prefix('*')).unwrap_or(text);
    text.len() <= LABEL && (text == "*" || is_label(rest))
}

/// A name without a wildcard. `ValidateFQDN`.
pub(super) fn full_name(name: &str) -> Option<String> {
    length(name).or_else(|| labels(name))
}

/// A name that may begin with a wildcard. `ValidateWildcardDomain`.
pub(super) fn name(name: &str) -> Option<String> {
    let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
    length(name)
        .or_else(|| {
            (!is_wildcard_label(first)).then(|| format!("{} is not a label of a DNS name", quoted(first)))
        })
        .or_else(|| rest.and_then(labels))
}

/// `CheckDNS1123Preconditions`.
pub(super) fn length(name: &str) -> Option<String> {
    match name.len() {
        0 => Some("an empty name".to_owned()),
        length if length > NAME => Some(format!("a name of {length} characters; at most {NAME} are allowed")),
        _ => None,
    }
}

/// `ValidateDNS1123Labels`.
fn labels(name: &str) -> Option<String> {
    let mut parts: Vec<&str> = name.split('.').collect();
    let last = parts.last().copied().unwrap_or_default();
    if last.parse::<i64>().is_ok() {
        return Some(format!("the last label, {}, is a number", quoted(last)));
    }
    // A name may end in a full stop.
    if last.is_empty() {
        parts.pop();
    }
    let wrong = parts.into_iter().find(|part| !is_label(part))?;
    Some(format!("{} is not a label of a DNS name", quoted(wrong)))
}

/// Whether a text is an address.
pub(super) fn is_address(text: &str) -> bool {
    let with_zone = || text.split_once('%').filter(|(_, zone)| !zone.is_empty());
    text.parse::<IpAddr>().is_ok()
        || with_zone().is_some_and(|(address, _)| address.parse::<Ipv6Addr>().is_ok())
}

/// What a bind or an address of an endpoint begins with that is a path.
pub(super) const UNIX: &str = "unix://";

/// The path of a socket behind [`UNIX`]: of a file, or of an abstract name. `ValidateUnixAddress`.
pub(super) fn is_socket(path: &str) -> bool {
    path.starts_with('@') || (path.starts_with('/') && !path.ends_with('/'))
}

/// An address or a range. `ValidateIPSubnet`.
pub(super) fn range(text: &str) -> Option<String> {
    let is_range = text.matches('/').count() == 1;
    let is_valid = if is_range { text.parse::<ipnet::IpNet>().is_ok() } else { is_address(text) };
    let wanted = if is_range { "a CIDR range" } else { "an IP address" };
    (!is_valid).then(|| format!("it is not {wanted}"))
}

/// A number of a port. `ValidatePort`.
pub(super) fn port(number: i64) -> Option<String> {
    (!(1..=65_535).contains(&number)).then(|| "ports are from 1 to 65535".to_owned())
}

/// `ValidatePortName`.
pub(super) fn port_name(name: &str) -> Option<String> {
    (!is_label(name)).then(|| "the name of a port is letters, digits and `-`, at most 63".to_owned())
}

/// A protocol that istiod knows, or none. `ValidateProtocol`.
pub(super) fn protocol(word: &str) -> Option<String> {
    let is_known = word.is_empty() || PortProtocol::parse(word) != PortProtocol::Unsaid;
    (!is_known).then(|| "istiod does not know this protocol".to_owned())
}

/// The host of a server or of a Sidecar, behind its namespace. `validateSidecarOrGatewayHostnamePart`.
pub(super) fn host_part(host: &str, is_of_gateway: bool) -> Option<String> {
    if host != "*" && !host.contains('.') {
        return Some("a name without a dot is not allowed here".to_owned());
    }
    let is_taken_as_address = is_of_gateway && is_address(host);
    name(host).filter(|_| !is_taken_as_address).or_else(|| {
        let is_partial = host.contains('*') && host.len() != 1 && !host.starts_with("*.");
        is_partial.then(|| "a wildcard stands for whole labels here: `*.` at the beginning".to_owned())
    })
}

/// A host behind a namespace, `namespace/host`, of a server or of a Sidecar. Of a Sidecar the namespace may be one that is left
/// out, `~`. `ValidateNamespaceSlashWildcardHostname`.
pub(super) fn host_of_namespace(namespace: &str, name: &str, is_of_gateway: bool) -> Option<String> {
    let named = if is_of_gateway { namespace } else { namespace.strip_prefix('~').unwrap_or(namespace) };
    let is_namespace = ["*", "."].contains(&named) || is_label(named) || (!is_of_gateway && named.is_empty());
    (!is_namespace)
        .then(|| format!("{} is no namespace", quoted(namespace)))
        .or_else(|| host_part(name, is_of_gateway))
}

/// The names of Gateway objects in a VirtualService. `validateGatewayNames`, which looks at nothing behind a name without a
/// namespace.
pub(super) fn gateways(names: &[String], field: &str, found: &mut Rejections) {
    for (index, word) in names.iter().enumerate() {
        let field = || format!("{field}[{index}]");
        let Some((namespace, name)) = word.split_once('/') else {
            found.extend(field, word, full_name(word));
            return;
        };
        if !is_label(namespace) || !is_label(name) {
            found.add(field(), word, "expected `namespace/name` of a Gateway object");
        }
    }
}

/// `validateExportTo`. `is_for_pods`: of a DestinationRule for chosen pods.
pub(super) fn export_to(
    words: Option<&[String]>,
    namespace: &str,
    (is_service_entry, is_for_pods): (bool, bool),
    found: &mut Rejections,
) {
    let words = words.unwrap_or_default();
    let meant: Vec<&str> = words.iter().map(|word| if word == "." { namespace } else { word }).collect();
    let mut known = HashSet::new();
    for (index, word) in meant.iter().enumerate() {
        let mut add = |reason: &str| {
            let value = words.get(index).map(String::as_str).unwrap_or_default();
            found.add(format!("spec.exportTo[{index}]"), value, reason);
        };
        match *word {
            _ if !known.insert(*word) => add("this namespace is named twice"),
            "*" if words.len() > 1 => add("`*` is every namespace: it stands alone"),
            "~" if is_service_entry && words.len() > 1 => add("`~` is no namespace: it stands alone"),
            "~" if !is_service_entry => add("`~` is for ServiceEntries only"),
            "*" | "~" => {}
            word if !is_label(word) => add("expected `.`, `*`, or the name of a namespace"),
            _ => {}
        }
    }
    if is_for_pods && !words.is_empty() && meant != [namespace] {
        found.add("spec.exportTo", words.join(", "), "a rule for chosen pods is for its own namespace only");
    }
}

/// The labels of a selector. `ValidateAlphaWorkloadSelector`.
pub(super) fn selector<'l>(
    labels: impl IntoIterator<Item = (&'l String, &'l String)>,
    field: &str,
    found: &mut Rejections,
) {
    for (key, value) in labels {
        if key.is_empty() {
            found.add(field, format!("{key}: {value}"), "the key of a label is empty");
        }
        if key.contains('*') || value.contains('*') {
            found.add(field, format!("{key}: {value}"), "a label has no wildcard");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_as_istiod_takes_them() {
        for good in ["example.com", "Example.com.", "*", "*.example.com", "*-a.example.com", "a", "*a.b"] {
            assert_eq!(name(good), None, "{good}");
        }
        for bad in ["", "a..b", "a.*.b", "-a.b", "a.b.1", "**.a", "*_.a", "10.0.0.1"] {
            assert!(name(bad).is_some(), "{bad}");
        }
        assert!(full_name("*.example.com").is_some());
        assert_eq!(range("2001:db8::/32"), None);
        assert_eq!(range("10.0.0.1"), None);
        assert!(range("10.0.0.1/33").is_some());
        assert!(is_address("fe80::1%eth0"));
        assert!(!is_address("fe80::1%"));
    }
}
