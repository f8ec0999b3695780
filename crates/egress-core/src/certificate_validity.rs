//! How long certificates in PEM are valid: two fields of their DER, and nothing else of them.
//!
//! Knows X.509 as far as its third field, the validity (RFC 5280, 4.1). Verifies nothing, and reads no keys.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use k8s_openapi::ByteString;
use serde::de::value::{Error, StrDeserializer};
use serde::de::{Deserialize, IntoDeserializer};
use serde::{Deserialize as DeserializeDerive, Serialize};

/// When a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, DeserializeDerive)]
#[serde(rename_all = "camelCase")]
pub struct CertificateValidity {
    /// From when on.
    pub not_before: Timestamp,
    /// Until when.
    pub not_after: Timestamp,
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
/// How base64 of that begins.
const ENCODED: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t";
const END: &str = "-----END CERTIFICATE-----";

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// The version, which certificates of version 1 leave out.
const VERSION: u8 = 0xa0;

/// The validity of each certificate of a text in PEM, in its order; what cannot be read is left out.
pub fn validities(pem: &str) -> Vec<CertificateValidity> {
    let blocks = pem.split(BEGIN).skip(1).filter_map(|rest| rest.split_once(END));
    blocks.filter_map(|(block, _)| validity(&decoded(block)?)).collect()
}

/// The same of a value of a Secret: PEM, or the base64 of it. Other values are not decoded.
pub(crate) fn of_secret(value: &str) -> Vec<CertificateValidity> {
    let value = value.trim_start();
    if value.starts_with(ENCODED) {
        let text = decoded(value).and_then(|bytes| String::from_utf8(bytes).ok());
        return text.map(|text| validities(&text)).unwrap_or_default();
    }
    if value.starts_with(BEGIN) { validities(value) } else { Vec::new() }
}

/// Base64 without its line breaks, decoded.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let joined: String = text.split_ascii_whitespace().collect();
    let text: StrDeserializer<'_, Error> = joined.as_str().into_deserializer();
    ByteString::deserialize(text).ok().map(|bytes| bytes.0)
}

fn validity(der: &[u8]) -> Option<CertificateValidity> {
    let (_, certificate, _) = element(der)?;
    let (_, mut rest, _) = element(certificate)?;
    if *rest.first()? == VERSION {
        rest = element(rest)?.2;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (tag, both, _) = element(rest)?;
    let (from_tag, from, rest) = element(both)?;
    let (until_tag, until, _) = element(rest)?;
    (tag == SEQUENCE).then_some(())?;
    Some(CertificateValidity { not_before: time(from_tag, from)?, not_after: time(until_tag, until)? })
}

/// The tag and the content of the first element, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) =
            rest.split_at_checked(usize::from(first & 0x7f)).filter(|(bytes, _)| bytes.len() <= 4)?;
        (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// `YYMMDDHHMMSSZ`, or with four digits of the year.
fn time(tag: u8, text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let full = match tag {
        // Below 50 it is this century: RFC 5280, 4.1.2.5.1.
        UTC_TIME if text.get(..2)? < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let civil = DateTime::strptime("%Y%m%d%H%M%SZ", &full).ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `openssl`, on the curve P-256, in version 1.
    const EXPIRED: &str = "-----BEGIN CERTIFICATE-----\n\
        MIIBIzCBygIBATAKBggqhkjOPQQDAjAeMRwwGgYDVQQDDBNjbGllbnQuc2hvcC5l\n\
        eGFtcGxlMB4XDTI1MTAyNjAwMDAwMFoXDTI2MTAyNjAwMDAwMFowHjEcMBoGA1UE\n\
        AwwTY2xpZW50LnNob3AuZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA\n\
        BA8kKiOdm6vpBa3ZKoIZKIrghQfL3WA5SPANTkNa3NceXM9cG8oZO+U7uXUK6NBk\n\
        GnZu+E0q5W2jQRRFRV/jvKgwCgYIKoZIzj0EAwIDSAAwRQIgfv+XzCGSqC4eOCB9\n\
        tHbJiMXckJ0E0WYV2VBYLIDyW/gCIQC7OsETdWhGt1DvKdVeTI02+Aoa1rwv9+uZ\n\
        VqfaGpXdrg==\n\
        -----END CERTIFICATE-----";

    #[test]
    fn the_validity_of_a_certificate_is_read() {
        let found = validities(EXPIRED);
        let [only] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(only.not_before.to_string(), "2025-10-26T00:00:00Z");
        assert_eq!(only.not_after.to_string(), "2026-10-26T00:00:00Z");
        assert_eq!(validities(&format!("{EXPIRED}{EXPIRED}")).len(), 2);
    }

    #[test]
    fn what_is_no_certificate_has_no_validity() {
        assert!(validities("").is_empty());
        assert!(validities("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----").is_empty());
        for cut in 1..EXPIRED.len() {
            assert!(validities(&EXPIRED[..cut]).len() <= 1);
        }
    }

    #[test]
    fn every_cut_of_the_der_is_refused() {
        let der = decoded(EXPIRED.split(BEGIN).nth(1).unwrap().split(END).next().unwrap()).unwrap();
        for cut in 0..der.len() {
            assert_eq!(validity(&der[..cut]), None);
        }
    }
}
