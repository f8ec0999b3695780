//! Addresses and networks: which ones lie where no call through a gateway belongs.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error as _};

/// What kind of place an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The machine itself, or nothing.
    Local,
    /// One link only; the metadata of clouds is at 169.254.169.254.
    LinkLocal,
    /// RFC 1918, RFC 6598 and RFC 4193: an organisation's own.
    Private,
    /// A group of machines, or reserved.
    Special,
    /// Everything else.
    Public,
}

/// Of what kind an address is. An IPv4 address in IPv6's clothes is taken for what it is.
pub fn scope(address: IpAddr) -> Scope {
    match address.to_canonical() {
        IpAddr::V4(address) => scope_v4(address),
        IpAddr::V6(address) => scope_v6(address),
    }
}

/// The address that a host is, if it is one; square brackets are forgiven.
pub fn address(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok()
}

/// A network such as `10.0.0.0/8`.
pub fn network(text: &str) -> Option<IpNet> {
    let (address, length) = text.split_once('/')?;
    IpNet::new(address.parse().ok()?, length.parse().ok()?).ok()
}

/// For settings: `#[serde(deserialize_with = "network::list")]` reads a list of networks.
pub fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let mut networks = Vec::new();
    for text in Vec::<String>::deserialize(deserializer)? {
        let expected = || D::Error::custom(format!("`{text}` is no network such as `10.0.0.0/8`"));
        networks.push(network(&text).ok_or_else(expected)?);
    }
    Ok(networks)
}

fn scope_v4(address: Ipv4Addr) -> Scope {
    let [first, second, ..] = address.octets();
    if address.is_loopback() || first == 0 {
        Scope::Local
    } else if address.is_link_local() {
        Scope::LinkLocal
    } else if address.is_private() || (first == 100 && second & 0b1100_0000 == 64) {
        Scope::Private
    } else if first >= 224 {
        Scope::Special
    } else {
        Scope::Public
    }
}

fn scope_v6(address: Ipv6Addr) -> Scope {
    if address.is_loopback() || address.is_unspecified() {
        Scope::Local
    } else if address.is_unicast_link_local() {
        Scope::LinkLocal
    } else if address.is_unique_local() {
        Scope::Private
    } else if address.is_multicast() {
        Scope::Special
    } else {
        Scope::Public
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn addresses_are_told_apart() {
        let cases = [
            ("127.0.0.1", Scope::Local),
            ("0.0.0.0", Scope::Local),
            ("169.254.169.254", Scope::LinkLocal),
            ("10.1.2.3", Scope::Private),
            ("172.31.0.1", Scope::Private),
            ("172.32.0.1", Scope::Public),
            ("192.168.1.1", Scope::Private),
            ("100.64.0.1", Scope::Private),
            ("100.128.0.1", Scope::Public),
            ("224.0.0.1", Scope::Special),
            ("8.8.8.8", Scope::Public),
            ("::1", Scope::Local),
            ("fe80::1", Scope::LinkLocal),
            ("fd00:ec2::254", Scope::Private),
            ("ff02::1", Scope::Special),
            ("2606:4700::1111", Scope::Public),
            ("::ffff:169.254.169.254", Scope::LinkLocal),
        ];
        for (text, expected) in cases {
            assert_eq!(scope(address(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn a_name_is_no_address_and_brackets_are_forgiven() {
        assert_eq!(address("example.com"), None);
        assert_eq!(address("[::1]"), address("::1"));
    }

    #[test]
    fn networks_are_read_from_settings() {
        let read = |json: &str| list(&mut serde_json::Deserializer::from_str(json));

        let networks = read(r#"["10.0.0.0/8", "fd00::/8"]"#).unwrap();

        assert!(networks[0].contains(&"10.200.0.1".parse::<IpAddr>().unwrap()));
        assert!(!networks[0].contains(&"11.0.0.1".parse::<IpAddr>().unwrap()));
        for text in ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "ten/8"] {
            let error = read(&format!(r#"["{text}"]"#)).unwrap_err();
            assert!(error.to_string().contains("no network such as"), "{text}");
        }
    }
}
