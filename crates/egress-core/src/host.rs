//! The host of an egress, parsed once into a value that cannot be wrong.
//!
//! Knows the shape of names (DNS, IDNA, addresses, wildcards) and which names can never be outside a mesh.
//! Knows nothing of ports, of Istio, or of whether a name resolves.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::is_hidden;

/// A host that may stand in an Istio object: a DNS name in ASCII (A-label) form and lower case, a wildcard
/// over such a name, or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Host {
    /// One name, such as `edition.cnn.com`.
    Name(DnsName),
    /// Every name below one, such as `*.cnn.com`. Holds the name without the `*.`.
    Wildcard(DnsName),
    /// An IPv4 or IPv6 address.
    Address(IpAddr),
}

/// A fully qualified DNS name of at least two labels: ASCII, lower case, no trailing dot, at most 253 characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DnsName(String);

/// Why a text is not a host. Every variant says what was expected and what was found.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum HostError {
    /// Nothing was typed.
    #[error("expected a host such as `edition.cnn.com`, found nothing")]
    Empty,
    /// A character that no host name can hold.
    #[error("host `{host}` holds {found}; expected letters, digits, `-` and `.`")]
    Character {
        /// The text, with control characters escaped.
        host: String,
        /// The character, named so that it can be seen.
        found: String,
    },
    /// A label that is empty, too long, or starts or ends with a dash.
    #[error("host `{host}` {problem}")]
    Label {
        /// The text.
        host: String,
        /// What is wrong with which label.
        problem: String,
    },
    /// A name longer than DNS can carry.
    #[error("host has {length} characters; expected at most 253")]
    TooLong {
        /// Its length in the ASCII form, in characters.
        length: usize,
    },
    /// One label only: such names are resolved inside the cluster.
    #[error("host `{0}` has one label; expected a fully qualified name such as `edition.cnn.com`")]
    SingleLabel(String),
    /// The last label is a number, decimal, octal or hexadecimal, so that resolvers would read the name as an address.
    #[error("host `{0}` ends in a number but is not an IPv4 address")]
    NumericEnd(String),
    /// A bare `*`, or a `*` that is not the whole first label.
    #[error("host `{0}` is not a wildcard Istio knows; expected `*.` and a name of at least two labels")]
    Wildcard(String),
    /// A name that means something inside the cluster or on the machine, never outside the mesh.
    #[error("host `{host}` {why}; an egress is for hosts outside the mesh")]
    Internal {
        /// The text.
        host: String,
        /// Which rule it meets.
        why: &'static str,
    },
    /// An address that hands out credentials or means this machine.
    #[error("address `{host}` is {why}; refused, because no call may leave the mesh to it")]
    ForbiddenAddress {
        /// The text.
        host: String,
        /// What the address is.
        why: &'static str,
    },
}

impl Host {
    /// Parses a host as a person types it: any case, a trailing dot, international names.
    ///
    /// # Errors
    /// [`HostError`] says what was expected and what was found.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text.is_empty() {
            return Err(HostError::Empty);
        }
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
        if let Ok(address) = bare.parse::<IpAddr>() {
            return check_address(address).map(Host::Address);
        }
        match text.strip_prefix("*.") {
            Some(rest) if rest.contains('*') => Err(HostError::Wildcard(printable(text))),
            Some(rest) => match DnsName::parse(rest) {
                Ok(name) => Ok(Host::Wildcard(name)),
                Err(HostError::SingleLabel(_)) => Err(HostError::Wildcard(printable(text))),
                Err(other) => Err(other),
            },
            None if text.contains('*') => Err(HostError::Wildcard(printable(text))),
            None => DnsName::parse(text).map(Host::Name),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => name.fmt(formatter),
            Host::Wildcard(name) => write!(formatter, "*.{name}"),
            Host::Address(address) => address.fmt(formatter),
        }
    }
}

impl DnsName {
    /// Parses one DNS name; see [`Host::parse`].
    ///
    /// # Errors
    /// [`HostError`] says what was expected and what was found.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text.is_empty() {
            return Err(HostError::Empty);
        }
        // IDNA drops some hidden characters without a word; whoever typed one did not see it.
        let wrong = |character: &char| {
            is_hidden(*character) || character.is_ascii() && !is_name_character(*character)
        };
        if let Some(found) = text.chars().find(wrong) {
            return Err(HostError::Character { host: printable(text), found: describe(found) });
        }
        let ascii = to_ascii(text.strip_suffix('.').unwrap_or(text))?;
        // IDNA takes other characters for dots as well.
        let ascii = ascii.strip_suffix('.').unwrap_or(&ascii);
        check_outside(ascii)?;
        check_labels(ascii)?;
        Ok(DnsName(ascii.to_owned()))
    }

    /// The name, in ASCII and lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for DnsName {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for DnsName {
    type Error = HostError;

    fn try_from(text: String) -> Result<Self, HostError> {
        Self::parse(&text)
    }
}

impl From<DnsName> for String {
    fn from(name: DnsName) -> Self {
        name.0
    }
}

/// Escapes what a terminal would obey and cuts what would flood it, so that a refusal can show what was typed.
pub fn printable(text: &str) -> String {
    const SHOWN: usize = 80;
    let mut shown: String = text.chars().take(SHOWN).flat_map(escape).collect();
    if text.chars().count() > SHOWN {
        shown.push('…');
    }
    shown
}

/// A text in a message: in backticks, or `nothing`.
pub fn quoted(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { format!("`{}`", printable(text)) }
}

/// A text without anything that a terminal would obey or hide.
pub(crate) fn escaped(text: &str) -> String {
    text.chars().flat_map(escape).collect()
}

fn escape(character: char) -> Vec<char> {
    if is_hidden(character) { character.escape_default().collect() } else { vec![character] }
}

/// Maps to A-labels. Hosts such as `r3---sn-4g5e.googlevideo.com` exist although IDNA forbids their dashes, so ASCII is
/// taken as it is, unless it claims to be an A-label and is none.
fn to_ascii(text: &str) -> Result<String, HostError> {
    if let Ok(ascii) = idna::domain_to_ascii_strict(text) {
        return Ok(ascii);
    }
    let lower = text.to_ascii_lowercase();
    let found = if !text.is_ascii() {
        "characters that IDNA does not allow"
    } else if lower.split('.').any(|label| label.starts_with("xn--")) {
        "an `xn--` label that is not Punycode"
    } else {
        return Ok(lower);
    };
    Err(HostError::Character { host: printable(text), found: found.to_owned() })
}

fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '.')
}

fn describe(character: char) -> String {
    match character {
        ' ' => "a space".to_owned(),
        '_' => "an underscore".to_owned(),
        other if is_hidden(other) => format!("the hidden character {}", other.escape_default()),
        other => format!("`{other}`"),
    }
}

fn check_labels(name: &str) -> Result<(), HostError> {
    let bad = |problem: String| Err(HostError::Label { host: printable(name), problem });
    if name.len() > 253 {
        return Err(HostError::TooLong { length: name.len() });
    }
    for label in name.split('.') {
        match label {
            "" => return bad("has an empty label; expected one dot between labels".to_owned()),
            long if long.len() > 63 => {
                return bad(format!("has a label of {} characters; expected at most 63", long.len()));
            }
            dash if dash.starts_with('-') || dash.ends_with('-') => {
                return bad(format!("has the label `{dash}`; a label may not start or end with `-`"));
            }
            _ => {}
        }
    }
    match name.rsplit_once('.') {
        None if is_number(name) => Err(HostError::NumericEnd(name.to_owned())),
        None => Err(HostError::SingleLabel(name.to_owned())),
        Some((_, last)) if is_number(last) => Err(HostError::NumericEnd(name.to_owned())),
        Some(_) => Ok(()),
    }
}

/// Whether `inet_aton` and URL parsers take a last label for a part of an address: `7`, `0177`, `0x7f`, `0x`.
fn is_number(label: &str) -> bool {
    match label.strip_prefix("0x") {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_hexdigit()),
        None => label.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

/// Names that a resolver in the cluster or on the machine answers itself. `internal` is reserved for private use
/// (ICANN, 2024) and is where our own upstream hosts live.
fn check_outside(name: &str) -> Result<(), HostError> {
    const INSIDE: [(&str, &str); 7] = [
        ("svc", "names a Service"),
        ("cluster.local", "is in the cluster's own domain"),
        ("localhost", "is this machine"),
        ("local", "is a name of the local network"),
        ("internal", "is a private name, like those of cloud metadata and of our own upstream hosts"),
        ("localdomain", "is this machine"),
        ("in-addr.arpa", "is a reverse name"),
    ];
    let inside =
        |suffix: &str| name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    match INSIDE.iter().find(|(suffix, _)| inside(suffix)) {
        Some((_, why)) => Err(HostError::Internal { host: name.to_owned(), why }),
        None => Ok(()),
    }
}

fn check_address(address: IpAddr) -> Result<IpAddr, HostError> {
    const METADATA: [&str; 3] = ["169.254.169.254", "fd00:ec2::254", "100.100.100.200"];
    let canonical = match address.to_canonical() {
        IpAddr::V6(v6) => embedded(v6).map_or(IpAddr::V6(v6), IpAddr::V4),
        IpAddr::V4(v4) => IpAddr::V4(v4),
    };
    let why = if METADATA.contains(&canonical.to_string().as_str()) {
        "the cloud's metadata service"
    } else if canonical.is_loopback() || canonical.is_unspecified() {
        "this machine"
    } else if canonical.is_multicast() {
        "a multicast address"
    } else if matches!(canonical, IpAddr::V4(v4) if v4.is_link_local())
        || matches!(canonical, IpAddr::V6(v6) if v6.is_unicast_link_local())
    {
        "link-local"
    } else {
        return Ok(address.to_canonical());
    };
    Err(HostError::ForbiddenAddress { host: address.to_string(), why })
}

/// The IPv4 address that a translator or a tunnel makes of an IPv6 one: NAT64 (RFC 6052), 6to4 (RFC 3056), and the
/// compatible ones of RFC 4291.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(of(high, low)),
        // `::` and `::1` are what they are.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(of(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The kind: an address that a resolver reads as one and a policy as a name.
    #[test]
    fn addresses_are_refused_in_every_form_that_a_resolver_reads() {
        for text in [
            "0xa9.0xfea9fe",
            "0xA9FEA9FE",
            "2852039166",
            "0251.0376.0251.0376",
            "169.254.43518",
            "127.1",
            "a.0x7f",
            "a.0x",
            "０ｘ7f.1",
            "169.254.169.254.",
            "0xa9.0xfea9fe.",
            "*.0x7f",
        ] {
            assert!(Host::parse(text).is_err(), "{text}");
        }
        for text in
            ["64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "::169.254.169.254", "::ffff:127.0.0.1", "[::1]"]
        {
            assert!(matches!(Host::parse(text), Err(HostError::ForbiddenAddress { .. })), "{text}");
        }
        for text in ["0x7f.example.com", "1.2.3.example.com", "a.0xg", "64.xn--p1ai"] {
            Host::parse(text).unwrap();
        }
    }

    /// The kind: a letter that nobody sees makes two names look like one.
    #[test]
    fn letters_that_nobody_sees_are_in_no_host() {
        for hidden in "\u{3164}\u{34f}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180b}\u{180e}\u{200d}\u{2800}\u{fe0f}\u{ffa0}\u{fff9}\u{e0041}\u{e0100}".chars() {
            let text = format!("edition{hidden}.cnn.com");
            let error = Host::parse(&text).unwrap_err();
            assert!(error.to_string().contains("hidden character"), "{error}");
            assert!(!error.to_string().contains(hidden), "{error}");
        }
    }
}
