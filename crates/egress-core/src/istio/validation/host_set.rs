//! Names with and without a wildcard, in which others are found without a look at each: lists of strangers may be long.

use std::collections::HashMap;

/// Names, each with its place in the list.
pub(super) struct HostSet<'h> {
    names: HashMap<&'h str, usize>,
    /// What stands behind the wildcard.
    wildcards: HashMap<&'h str, usize>,
}

impl<'h> HostSet<'h> {
    pub(super) fn new(hosts: &'h [String]) -> Self {
        let (mut names, mut wildcards) = (HashMap::new(), HashMap::new());
        for (place, host) in hosts.iter().enumerate() {
            match host.strip_prefix('*') {
                Some(suffix) => wildcards.entry(suffix).or_insert(place),
                None => names.entry(host.as_str()).or_insert(place),
            };
        }
        HostSet { names, wildcards }
    }

    /// Whether all names of a name are in the set. `SubsetOf` in `pkg/config/host/name.go`.
    pub(super) fn covers(&self, name: &str) -> bool {
        self.other(name, usize::MAX).is_some()
    }

    /// The place of another name of the list that has all names of this one, which is at this place.
    pub(super) fn other(&self, name: &str, place: usize) -> Option<usize> {
        let is_other = |found: &&usize| **found != place;
        let (behind, is_wildcard) = name.strip_prefix('*').map_or((name, false), |behind| (behind, true));
        let exact = self.names.get(name).filter(|_| !is_wildcard).filter(is_other);
        let mut suffixes = behind.char_indices().map(|(start, _)| &behind[start..]).chain([""]);
        exact.or_else(|| suffixes.find_map(|suffix| self.wildcards.get(suffix).filter(is_other))).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_as_one_comparison_after_the_other_would_find_it() {
        let hosts = ["a.com", "*.b.com", "*.x.b.com", "a.com", "*"].map(str::to_owned);
        let found = |hosts: &[String], name: &str| HostSet::new(hosts).covers(name);
        for (name, is_covered) in [("a.com", true), ("c.a.com", false), ("y.b.com", true), ("b.com", false)] {
            assert_eq!(found(&hosts[..4], name), is_covered, "{name}");
        }
        assert!(found(&hosts[..4], "*.x.b.com") && !found(&hosts[..1], "*.com"));
        assert!(found(&hosts, "anything"));
        let all = HostSet::new(&hosts[..4]);
        assert_eq!(all.other("a.com", 3), Some(0));
        assert_eq!(all.other("*.x.b.com", 2), Some(1));
        assert_eq!(all.other("*.b.com", 1), None);
    }
}
