//! What somebody most likely meant by an unknown name.

/// The known host that an unknown one most likely means: at most two letters differ.
pub(crate) fn did_you_mean<'a>(found: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const TYPOS: usize = 2;
    let near = known.filter(|host| host.len().abs_diff(found.len()) <= TYPOS && *host != found);
    let distances = near.map(|host| (strsim::damerau_levenshtein(found, host), host));
    distances.filter(|(distance, _)| *distance <= TYPOS).min().map(|(_, host)| host)
}
