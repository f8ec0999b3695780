//! Host names of Istio's objects, with and without a wildcard, held against each other.
//!
//! Follows `pkg/config/host/name.go`. istiod compares letter by letter. Objects of people are compared in
//! letters of either case, by [`host_matches`](crate::visibility::host_matches).

/// Whether a name begins with a wildcard. `IsWildCarded`.
pub(super) fn is_wildcard(name: &str) -> bool {
    name.starts_with('*')
}

/// Whether all names of one are names of the other. `SubsetOf`.
pub(crate) fn is_subset(name: &str, of: &str) -> bool {
    is_subset_by(name, of, |name, end| name.ends_with(end))
}

/// The same, where `ends_with` says whether a name ends in another.
pub(crate) fn is_subset_by(name: &str, of: &str, ends_with: impl Fn(&str, &str) -> bool) -> bool {
    match (name.strip_prefix('*'), of.strip_prefix('*')) {
        (Some(name), Some(of)) => name.len() >= of.len() && ends_with(name, of),
        (Some(_), None) => false,
        (None, Some(of)) => ends_with(name, of),
        (None, None) => name.len() == of.len() && ends_with(name, of),
    }
}

/// Whether two names have a name in common. `Matches`.
pub fn overlap(one: &str, other: &str) -> bool {
    is_subset(one, other) || is_subset(other, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_with_wildcards_on_both_sides() {
        assert!(is_subset("edition.cnn.com", "*.cnn.com"));
        assert!(!is_subset("*.cnn.com", "edition.cnn.com"));
        assert!(is_subset("*.news.cnn.com", "*.cnn.com"));
        assert!(is_subset("*.cnn.com", "*"));
        assert!(overlap("*.cnn.com", "edition.cnn.com"));
        assert!(!overlap("*.cnn.com", "cnn.com"));
    }
}
