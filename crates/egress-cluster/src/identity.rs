//! Which cluster this is, for what is remembered of it between two runs.
//!
//! A context can be renamed and an address can change hands; whoever holds the key of the cluster's own certificate
//! authority is the cluster. Knows nothing of what is remembered.

use std::fmt::Write as _;

use kube::Config;
use sha2::{Digest as _, Sha256};

/// `ca-sha256:` and the digest of the authority's certificates; `server-sha256:` and the digest of the server's URL where
/// its certificate is signed by an authority that signs for others too, or is not checked.
pub(crate) fn of(config: &Config) -> String {
    match &config.root_cert {
        Some(certificates) if !config.accept_invalid_certs && !certificates.is_empty() => {
            // A bundle is the same in any order.
            let mut certificates: Vec<&[u8]> = certificates.iter().map(Vec::as_slice).collect();
            certificates.sort_unstable();
            format!("ca-sha256:{}", digest(&certificates.concat()))
        }
        _ => format!("server-sha256:{}", digest(config.cluster_url.to_string().as_bytes())),
    }
}

fn digest(bytes: &[u8]) -> String {
    let mut hexadecimal = String::new();
    for byte in Sha256::digest(bytes) {
        // Writing to a text cannot fail.
        let _ = write!(hexadecimal, "{byte:02x}");
    }
    hexadecimal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str, authorities: Option<&[&str]>) -> Config {
        let mut config = Config::new(url.parse().unwrap());
        config.root_cert = authorities.map(|all| all.iter().map(|one| one.as_bytes().to_vec()).collect());
        config
    }

    #[test]
    fn a_cluster_is_known_by_its_authority_at_any_address() {
        let here = of(&config("https://10.0.0.1:6443", Some(&["a", "b"])));
        assert!(here.starts_with("ca-sha256:"), "{here}");
        assert_eq!(here, of(&config("https://cluster.example.com", Some(&["b", "a"]))));
        assert_ne!(here, of(&config("https://10.0.0.1:6443", Some(&["a"]))));
    }

    #[test]
    fn an_authority_that_signs_for_everybody_tells_no_clusters_apart() {
        let here = of(&config("https://one.example.com", None));
        assert!(here.starts_with("server-sha256:"), "{here}");
        assert_ne!(here, of(&config("https://two.example.com", None)));
    }

    #[test]
    fn an_authority_that_is_not_checked_says_nothing() {
        let mut unchecked = config("https://10.0.0.1:6443", Some(&["a"]));
        unchecked.accept_invalid_certs = true;
        assert!(of(&unchecked).starts_with("server-sha256:"));
    }
}
