//! How the digest of a module is written. How one is made is in [`mod@crate::inspect`].

/// Whether a text is a digest and nothing but one: it becomes the name of a file and a part of a URL.
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hexadecimal| {
        hexadecimal.len() == 64 && hexadecimal.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::digest;

    #[test]
    fn a_digest_is_written_as_registries_write_it() {
        let digest = digest(b"");
        assert_eq!(digest, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert!(is_digest(&digest));
    }

    #[test]
    fn what_is_no_digest_names_no_file() {
        for text in ["", "sha256:", "sha256:../../etc/passwd", &digest(b"").to_uppercase(), &digest(b"")[7..]]
        {
            assert!(!is_digest(text), "{text}");
        }
    }
}
