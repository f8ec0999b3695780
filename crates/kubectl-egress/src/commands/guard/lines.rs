//! Lines of text for stdout.

/// Joins texts, each on a line of its own.
pub(super) fn lines(texts: impl Iterator<Item = String>) -> String {
    texts.fold(String::new(), |all, text| all + &text + "\n")
}
