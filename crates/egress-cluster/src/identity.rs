//! Identifies a cluster, for data that is stored between two runs.
//!
//! A context can be renamed, and an address can move to another cluster; only the cluster has the key of its
//! certificate authority. Does not know what is stored.

use egress_core::digest::sha256;
use kube::Config;

/// `ca-sha256:` and the digest of the authority's certificates; `server-sha256:` and the digest of the server's URL if
/// a public authority signed its certificate, or the certificate is not verified.
pub(crate) fn of(config: &Config) -> String {
    match &config.root_cert {
        Some(certificates) if !config.accept_invalid_certs && !certificates.is_empty() => {
            // The order of certificates in a bundle does not matter.
            let mut certificates: Vec<&[u8]> = certificates.iter().map(Vec::as_slice).collect();
            certificates.sort_unstable();
            format!("ca-sha256:{}", sha256(certificates.concat()))
        }
        _ => format!("server-sha256:{}", sha256(config.cluster_url.to_string())),
    }
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
