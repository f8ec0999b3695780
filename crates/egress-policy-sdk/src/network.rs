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

/// Of what kind an address is. An IPv4 address in IPv6's clothes is taken for what it is: mapped, NAT64 (RFC 6052), 6to4
/// (RFC 3056) or compatible (RFC 4291).
pub fn scope(address: IpAddr) -> Scope {
    match address.to_canonical() {
        IpAddr::V4(address) => scope_v4(address),
        IpAddr::V6(address) => embedded(address).map_or_else(|| scope_v6(address), scope_v4),
    }
}

/// The address that a host is, if it is one; square brackets and a dot at the end are forgiven. Also in the forms that
/// `inet_aton` and URL parsers take: `0x7f.1`, `0177.0.0.1`, `2130706433`.
pub fn address(host: &str) -> Option<IpAddr> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok().or_else(|| inet_aton(bare).map(IpAddr::V4))
}

/// One to four numbers, decimal, octal or hexadecimal; the last one fills what the others leave.
fn inet_aton(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u32> = text.split('.').map(number).collect::<Option<_>>()?;
    let (last, front) = parts.split_last()?;
    let room = 8 * 4_u32.checked_sub(u32::try_from(front.len()).ok()?).filter(|bytes| *bytes > 0)?;
    let fits = u64::from(*last) < 1 << room && front.iter().all(|part| *part < 256);
    let whole = front.iter().enumerate().fold(*last, |whole, (place, part)| {
        whole | part.checked_shl(24 - 8 * u32::try_from(place).unwrap_or_default()).unwrap_or_default()
    });
    fits.then(|| Ipv4Addr::from(whole))
}

fn number(text: &str) -> Option<u32> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match (hexadecimal, text.strip_prefix('0')) {
        // `0x` alone is a zero.
        (Some(""), _) => return Some(0),
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        _ => (text, 10),
    };
    let is_sign = digits.starts_with(['+', '-']);
    u32::from_str_radix(digits, radix).ok().filter(|_| !is_sign)
}

/// The IPv4 address within an IPv6 one.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(of(high, low)),
        // `::` and `::1` are what they are.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(of(high, low)),
        _ => None,
    }
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
            ("64:ff9b::a9fe:a9fe", Scope::LinkLocal),
            ("2002:a9fe:a9fe::1", Scope::LinkLocal),
            ("::127.0.0.1", Scope::Local),
            ("0xa9.0xfea9fe", Scope::LinkLocal),
            ("0xA9FEA9FE", Scope::LinkLocal),
            ("2852039166", Scope::LinkLocal),
            ("0251.0376.0251.0376", Scope::LinkLocal),
            ("169.254.43518", Scope::LinkLocal),
            ("127.1", Scope::Local),
            ("0x7f.0x1.", Scope::Local),
            ("0", Scope::Local),
            ("10.1", Scope::Private),
        ];
        for (text, expected) in cases {
            assert_eq!(scope(address(text).unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn a_name_is_no_address_and_brackets_are_forgiven() {
        for name in [
            "example.com",
            "a.1",
            "1.2.3.4.5",
            "256.1.1.1",
            "1.2.3.256",
            "0xg",
            "08.1",
            "1..1",
            "",
            "+1.1",
            "0x+1",
        ] {
            assert_eq!(address(name), None, "{name}");
        }
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
