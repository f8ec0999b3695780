//! How many public addresses an IP range contains.
//!
//! Knows which addresses are never public. Does not know the cluster's own ranges: public addresses that are used
//! inside count as outside.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// IPv4 ranges that no host of the internet has: `RFC 6890` and multicast.
const INSIDE: [&str; 9] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
];
/// Where all hosts of the internet are that speak IPv6: `RFC 4291`, global unicast as it is assigned today.
const INTERNET_6: &str = "2000::/3";
/// A range with at least this many IPv4 addresses is not a list of chosen hosts.
const MANY_4: u128 = 1 << 16;
/// The same for IPv6: the networks of many sites, each of 80 bits.
const MANY_6: u128 = 1 << 88;

/// A range without some parts of it.
pub(crate) struct Range<'a> {
    /// The range, as written.
    pub(crate) block: &'a str,
    /// What is left out, as written.
    pub(crate) except: &'a [String],
}

impl Range<'_> {
    /// Whether it contains a public address. An invalid range contains none.
    pub(crate) fn reaches_outside(&self) -> bool {
        self.outside().0 > 0
    }

    /// Whether it contains so many that it means the internet, not some hosts.
    pub(crate) fn opens_the_internet(&self) -> bool {
        let (addresses, many) = self.outside();
        addresses >= many
    }

    /// Whether it contains an address. Text that is no address is in no range.
    pub(crate) fn holds(&self, address: &str) -> bool {
        let Ok(address) = address.parse::<IpAddr>() else { return false };
        let within = |text: &str| network(text).is_some_and(|range| range.contains(&address));
        within(self.block) && !self.except.iter().any(|range| within(range))
    }

    /// Whether it contains any address at all.
    pub(crate) fn holds_any(&self) -> bool {
        let Some(block) = network(self.block) else { return false };
        !self.except.iter().filter_map(|range| network(range)).any(|range| range.contains(&block))
    }

    /// How many public addresses it contains, and the number from which on it means the internet.
    fn outside(&self) -> (u128, u128) {
        let except = self.except.iter().filter_map(|range| network(range));
        match network(self.block) {
            None => (0, 1),
            Some(IpNet::V4(block)) => {
                let four = |range| if let IpNet::V4(range) = range { Some(range) } else { None };
                let inside = INSIDE.iter().filter_map(|range| range.parse().ok());
                (outside_4(block, except.filter_map(four).chain(inside).collect()), MANY_4)
            }
            Some(IpNet::V6(block)) => {
                let six = |range| if let IpNet::V6(range) = range { Some(range) } else { None };
                (outside_6(block, except.filter_map(six).collect()), MANY_6)
            }
        }
    }
}

/// A network as written; one address is a network of its own.
fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn outside_4(block: Ipv4Net, mut gone: Vec<Ipv4Net>) -> u128 {
    gone.retain(|range| block.contains(range) || range.contains(&block));
    if gone.iter().any(|range| range.contains(&block)) {
        return 0;
    }
    let gone: u128 = Ipv4Net::aggregate(&gone).iter().map(|range| 1 << (32 - range.prefix_len())).sum();
    (1 << (32 - block.prefix_len())) - gone
}

fn outside_6(block: Ipv6Net, mut gone: Vec<Ipv6Net>) -> u128 {
    let Ok(internet) = INTERNET_6.parse::<Ipv6Net>() else { return 0 };
    // Networks never overlap in part.
    let block = match (internet.contains(&block), block.contains(&internet)) {
        (true, _) => block,
        (_, true) => internet,
        _ => return 0,
    };
    if gone.iter().any(|range| range.contains(&block)) {
        return 0;
    }
    gone.retain(|range| block.contains(range));
    let gone: u128 = Ipv6Net::aggregate(&gone).iter().map(|range| 1 << (128 - range.prefix_len())).sum();
    (1 << (128 - block.prefix_len())) - gone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range<'a>(block: &'a str, except: &'a [String]) -> Range<'a> {
        Range { block, except }
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn everything_and_its_halves_open_the_internet() {
        for block in ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "8.0.0.0/8", "::/0", "2000::/3"] {
            assert!(range(block, &[]).opens_the_internet(), "{block}");
        }
        assert!(range("0.0.0.0/0", &words(&["10.0.0.0/8", "169.254.169.254/32"])).opens_the_internet());
    }

    #[test]
    fn networks_of_ones_own_are_not_outside() {
        for block in
            ["10.0.0.0/8", "172.16.0.0/12", "192.168.3.0/24", "169.254.169.254/32", "fd00::/8", "127.0.0.1"]
        {
            assert!(!range(block, &[]).reaches_outside(), "{block}");
        }
        assert!(range("172.0.0.0/8", &[]).reaches_outside(), "only a part of it is one's own");
    }

    #[test]
    fn some_hosts_outside_are_not_the_internet() {
        for block in ["203.0.113.0/24", "8.8.8.8/32", "8.8.8.8", "2001:4860::/48"] {
            let range = range(block, &[]);
            assert!(range.reaches_outside() && !range.opens_the_internet(), "{block}");
        }
    }

    #[test]
    fn what_is_left_out_counts_once_however_it_is_written() {
        let halves = words(&["0.0.0.0/1", "128.0.0.0/1", "128.0.0.0/2"]);
        assert!(!range("0.0.0.0/0", &halves).reaches_outside());
        assert!(!range("2000::/3", &words(&["2000::/4", "3000::/4"])).reaches_outside());
    }

    #[test]
    fn what_is_no_range_holds_nothing() {
        for block in ["", "everything", "1.2.3.4/33", "10.0.0.0/"] {
            assert!(!range(block, &[]).reaches_outside(), "{block:?}");
        }
    }
}
