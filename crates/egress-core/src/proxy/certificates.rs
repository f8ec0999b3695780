//! Parsing of `/certs`: the certificates that an Envoy shows of itself, and how long they hold.
//!
//! Authorities are left out: Envoy tells one of a whole bundle. Keys are not on that page.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::dump::DumpError;

/// A certificate that an Envoy has loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Certificate {
    /// Whose it is: its first name, such as `spiffe://cluster.local/ns/istio-system/sa/gateway`; without one its serial number.
    pub name: String,
    /// Seconds for which it still holds by the clock of the proxy; below 0 it has ended.
    pub remaining_seconds: i64,
    /// Seconds for which it was issued.
    pub issued_seconds: i64,
}

/// Envoy's answer to `/certs`.
#[derive(Deserialize)]
struct CertificateDump {
    #[serde(default)]
    certificates: Vec<CertificateEntry>,
}

#[derive(Deserialize)]
struct CertificateEntry {
    #[serde(default)]
    cert_chain: Vec<Shown>,
}

#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    serial_number: String,
    #[serde(default)]
    subject_alt_names: Vec<SubjectAltName>,
    valid_from: Timestamp,
    expiration_time: Timestamp,
}

#[derive(Deserialize)]
struct SubjectAltName {
    uri: Option<String>,
    dns: Option<String>,
}

/// Reads `/certs`; each certificate once, however many clusters use it. `now` is the proxy's time.
///
/// # Errors
/// [`DumpError`] when the text is not Envoy's JSON.
pub fn certificates(text: &[u8], now: Timestamp) -> Result<BTreeSet<Certificate>, DumpError> {
    let page: CertificateDump = serde_json::from_slice(text)?;
    let shown = page.certificates.into_iter().flat_map(|entry| entry.cert_chain);
    Ok(shown.map(|shown| shown.certificate(now)).collect())
}

impl Shown {
    fn certificate(self, now: Timestamp) -> Certificate {
        let mut names = self.subject_alt_names.into_iter().filter_map(|name| name.uri.or(name.dns));
        Certificate {
            name: names.next().unwrap_or(self.serial_number),
            remaining_seconds: self.expiration_time.duration_since(now).as_secs(),
            issued_seconds: self.expiration_time.duration_since(self.valid_from).as_secs(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_certificate_of_a_chain_is_read_once_and_authorities_are_not() {
        let shown = r#"{"path":"<inline>","serial_number":"2a","subject_alt_names":[{"uri":"spiffe://cluster.local/ns/istio-system/sa/egress"}],
            "days_until_expiration":"0","valid_from":"2026-01-01T00:00:00Z","expiration_time":"2026-01-02T00:00:00Z"}"#;
        let bare = r#"{"serial_number":"3b","valid_from":"2026-01-01T00:00:00Z","expiration_time":"2026-01-01T10:00:00Z"}"#;
        let page = format!(
            r#"{{"certificates":[{{"ca_cert":[{bare}],"cert_chain":[{shown}]}},{{"cert_chain":[{shown},{bare}]}},{{}}]}}"#
        );
        let now = "2026-01-01T12:00:00Z".parse().unwrap();
        let found: Vec<_> = certificates(page.as_bytes(), now).unwrap().into_iter().collect();
        let certificate = |name: &str, remaining_seconds, issued_seconds| Certificate {
            name: name.to_owned(),
            remaining_seconds,
            issued_seconds,
        };
        let gateway = "spiffe://cluster.local/ns/istio-system/sa/egress";
        assert_eq!(found, [certificate("3b", -7_200, 36_000), certificate(gateway, 43_200, 86_400)]);
    }

    #[test]
    fn what_is_no_page_of_certificates_is_refused() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(certificates(b"{}", now).unwrap(), BTreeSet::new());
        for text in ["", "none", r#"{"certificates":[{"cert_chain":[{"valid_from":"yesterday"}]}]}"#] {
            assert!(certificates(text.as_bytes(), now).is_err(), "{text}");
        }
    }
}
