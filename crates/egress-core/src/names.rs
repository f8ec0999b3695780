//! Names of the objects of one host: valid in Kubernetes, stable, and different for different hosts.
//!
//! Knows the rules of names. Knows nothing of which objects a layout makes.

mod chosen;

pub use chosen::ChosenNames;

use crate::digest::short_sha256;
use crate::host::Host;
use crate::role::Role;

/// The longest base name: with a suffix of our own it stays a DNS-1123 label of 63 characters, which
/// `Gateway.metadata.name` must be.
const LONGEST: usize = 53;

/// The base name of a host's objects: dots become dashes, `edition.cnn.com` is `edition-cnn-com`.
///
/// Where that is not reversible (a dash in the host, a wildcard, an address, a name over 53 characters, a last label
/// that looks like one of our own suffixes) the name ends in `-` and 8 hexadecimal digits of the SHA-256 of the host.
pub fn base(host: &Host) -> String {
    let text = host.to_string();
    let plain = matches!(host, Host::Name(_)) && !text.contains('-') && text.len() <= LONGEST;
    let last = text.rsplit('.').next().unwrap_or_default();
    if plain && !looks_like_suffix(last) {
        return text.replace('.', "-");
    }
    let slug: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let short: String = slug.trim_matches('-').chars().take(LONGEST - 9).collect();
    let digits = short_sha256(&text, 8);
    match short.trim_end_matches('-') {
        "" => format!("host-{digits}"),
        slug => format!("{slug}-{digits}"),
    }
}

/// The name of the object that plays `role` for the host with this base name.
pub fn object(base: &str, role: Role) -> String {
    match role.suffix() {
        "" => base.to_owned(),
        suffix => format!("{base}-{suffix}"),
    }
}

/// The host of the upstream ServiceEntry: one per host and namespace, so that no other entry of the host can change
/// the gateway's cluster. Hashed where it would be longer than DNS allows.
pub fn upstream_host(host: &str, namespace: &str) -> String {
    const TAIL: &str = "egress.internal";
    let whole = format!("{host}.{namespace}.{TAIL}");
    if whole.len() <= 253 {
        return whole;
    }
    format!("{}.{namespace}.{TAIL}", short_sha256(host, 8))
}

/// Whether a host is one of those that [`upstream_host`] makes, of whatever namespace: no name server knows it, and
/// only its endpoints lead anywhere.
pub fn is_upstream_host(host: &str) -> bool {
    host.ends_with(".egress.internal")
}

/// The name of the shared pair of a gateway Service. Long Service names are cut and hashed: a Gateway's name must be a
/// DNS-1123 label.
pub fn shared_pair(service: &str) -> String {
    let whole = format!("kubectl-egress-{service}");
    if whole.len() <= 63 {
        return whole;
    }
    let cut: String = whole.chars().take(54).collect();
    format!("{}-{}", cut.trim_end_matches('-'), short_sha256(service, 8))
}

fn looks_like_suffix(label: &str) -> bool {
    let hash_like = label.len() == 8 && label.bytes().all(|byte| byte.is_ascii_hexdigit());
    hash_like || Role::ALL.iter().any(|role| role.suffix() == label)
}
