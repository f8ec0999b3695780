//! Digests as people write them. Not those of the plugin's crates, which the bed does not depend on.

use sha2::{Digest as _, Sha256};

/// The SHA-256 of `data` in hexadecimal digits.
pub(crate) fn sha256(data: &[u8]) -> String {
    Sha256::digest(data).iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}"))
}
