//! Names that Kubernetes accepts, made of hosts: short, stable, and different for different hosts.

use alloc::format;
use alloc::string::{String, ToString as _};

use sha2::{Digest as _, Sha256};

/// The longest DNS-1123 label, which a Gateway's name and a label's value must be.
pub const LONGEST_LABEL: usize = 63;

/// A text as a DNS-1123 label: lower case, everything else a dash, none at the ends. Different texts may come to the
/// same slug, and it may be empty or too long: see [`unique`].
pub fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// The first hexadecimal digits of the SHA-256 of a text; at most 64.
pub fn digits(text: &str, count: usize) -> String {
    let nibbles = Sha256::digest(text).into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.take(count).filter_map(|nibble| char::from_digit(nibble.into(), 16)).collect()
}

/// `slug` cut to this many characters, and where it was cut ended with a dash and 8 digits of the hash of `of`, so that
/// two long names that begin alike stay apart.
pub fn fit(slug: &str, of: &str, longest: usize) -> String {
    if !slug.is_empty() && slug.len() <= longest {
        return slug.to_string();
    }
    with_digits(slug, of, longest)
}

/// A name that no other text has, as far as 8 digits go: the slug of the text, a dash, and 8 digits of its hash.
pub fn unique(text: &str, longest: usize) -> String {
    with_digits(&slug(text), text, longest)
}

/// Whether Kubernetes takes this for a DNS-1123 label.
pub fn is_label(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=LONGEST_LABEL).contains(&name.len())
        && name.bytes().all(known)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn with_digits(slug: &str, of: &str, longest: usize) -> String {
    let digits = digits(of, longest.min(8));
    let kept: String = slug.chars().take(longest.saturating_sub(digits.len() + 1)).collect();
    match kept.trim_end_matches('-') {
        "" => digits,
        kept => format!("{kept}-{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_slug_is_what_remains_of_a_host() {
        assert_eq!(slug("Edition.CNN.com"), "edition-cnn-com");
        assert_eq!(slug("*.example.com"), "example-com");
        assert_eq!(slug("--a..b--"), "a-b");
        assert_eq!(slug("…"), "");
    }

    #[test]
    fn what_fits_is_kept_as_it_is() {
        assert_eq!(fit("edition-cnn-com", "edition.cnn.com", 63), "edition-cnn-com");
    }

    #[test]
    fn long_names_that_begin_alike_stay_apart() {
        let hosts = ["a", "b"].map(|end| format!("{}.{end}.example", "long.".repeat(20)));

        let names = hosts.map(|host| fit(&slug(&host), &host, 63));

        assert_ne!(names[0], names[1]);
        assert!(names.iter().all(|name| is_label(name)), "{names:?}");
    }

    #[test]
    fn hosts_with_one_slug_get_different_names() {
        assert_ne!(unique("a-b.example", 63), unique("a.b.example", 63));
    }

    proptest! {
        #[test]
        fn every_name_is_a_label_of_the_asked_length(text in ".{0,200}", longest in 9usize..=63) {
            for name in [unique(&text, longest), fit(&slug(&text), &text, longest)] {
                prop_assert!(is_label(&name), "{}", name);
                prop_assert!(name.len() <= longest);
            }
        }
    }
}
