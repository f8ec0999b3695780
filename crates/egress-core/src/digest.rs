//! Digests as names, labels and registries write them. Knows nothing of what is digested.

use sha2::{Digest as _, Sha256};

/// The SHA-256 in 64 hexadecimal digits.
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    let mut digits = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let of_nibble = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
        digits.extend([of_nibble(byte >> 4), of_nibble(byte & 0xf)]);
    }
    digits
}

/// The first digits of the SHA-256.
pub fn short_sha256(bytes: impl AsRef<[u8]>, digits: usize) -> String {
    let mut whole = sha256(bytes);
    whole.truncate(digits);
    whole
}

/// Whether a text is `sha256:` with 64 digits and nothing else: it becomes the name of a file and a part of a URL.
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|digits| is_hexadecimal(digits, 64))
}

/// Whether a text is this many digits, as they are written here: in lower case.
pub fn is_hexadecimal(text: &str, digits: usize) -> bool {
    text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_as_other_programs_write_it() {
        assert_eq!(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(short_sha256("", 8), "e3b0c442");
        assert!(is_digest(&format!("sha256:{}", sha256(""))));
    }

    #[test]
    fn what_is_no_digest_names_no_file() {
        let digest = format!("sha256:{}", sha256(""));
        for text in [
            "",
            "sha256:",
            "sha256:../../etc/passwd",
            &digest.to_uppercase(),
            &digest[7..],
            &digest[..70],
            &format!("{digest}0"),
        ] {
            assert!(!is_digest(text), "{text}");
        }
    }
}
