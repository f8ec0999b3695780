//! How requests arrive at the gateway: HTTP inside mesh mTLS, TLS of the application as it is. Read from the gateway's access
//! logs and from the record of the origin.

use std::time::Duration;

use serde_json::Value;
use testbed::{
    bed::Bed,
    external_services::record::{Event, RecordLine, read_entries},
};

use super::{gateway_pod, wait};

/// Envoy writes its log some seconds later.
const LIMIT: Duration = Duration::from_secs(30);

/// What was seen of both protocols.
pub(super) struct Hop {
    pub(super) http_in_mtls: bool,
    pub(super) tls_passes_through: bool,
}

/// Looks at the requests to a host that was called over both protocols.
pub(super) fn seen(bed: &Bed, host: &str) -> anyhow::Result<Hop> {
    let log = wait::until("both protocols in the gateway's access logs", LIMIT, || {
        let mut log = Vec::new();
        for pod in gateway_pod::NAMES {
            log.extend(bed.access_log(gateway_pod::NAMESPACE, pod)?);
        }
        let both = http(&log, host).next().is_some() && tls(&log, host).next().is_some();
        Ok(both.then_some(log))
    })?;
    let entries = read_entries(bed.origin_log())?;
    Ok(Hop {
        http_in_mtls: http_in_mtls(&log, host),
        tls_passes_through: tls_passes_through(&log, &entries, host),
    })
}

/// The gateway knows the caller of every HTTP request by its certificate.
fn http_in_mtls(log: &[Value], host: &str) -> bool {
    let is_known =
        |line: &Value| line["downstream_peer"].as_str().is_some_and(|peer| peer.starts_with("spiffe://"));
    http(log, host).next().is_some() && http(log, host).all(is_known)
}

/// The gateway reads no request of the host's TLS connections, and the origin ends the TLS for which the client has asked.
fn tls_passes_through(log: &[Value], entries: &[RecordLine], host: &str) -> bool {
    let is_closed = |line: &Value| line["method"].is_null();
    let is_of_host = |entry: &RecordLine| matches!(&entry.event, Event::Request(request) if request.tls && request.sni.as_deref() == Some(host));
    tls(log, host).next().is_some() && tls(log, host).all(is_closed) && entries.iter().any(is_of_host)
}

fn http<'a>(log: &'a [Value], host: &'a str) -> impl Iterator<Item = &'a Value> {
    log.iter().filter(move |line| line["authority"] == host)
}

fn tls<'a>(log: &'a [Value], host: &'a str) -> impl Iterator<Item = &'a Value> {
    log.iter().filter(move |line| line["requested_server_name"] == host)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HOST: &str = "a.example.com";

    #[test]
    fn a_request_of_an_unknown_caller_came_in_the_clear() {
        let known = json!({"authority": HOST, "downstream_peer": "spiffe://cluster.local/ns/shop/sa/client"});
        let unknown = json!({"authority": HOST, "downstream_peer": null});

        assert!(http_in_mtls(std::slice::from_ref(&known), HOST));
        assert!(!http_in_mtls(&[known, unknown], HOST));
        assert!(!http_in_mtls(&[], HOST), "nothing was seen");
    }

    #[test]
    fn tls_that_the_gateway_opens_does_not_pass_through() {
        let arrived: RecordLine = serde_json::from_value(json!({
            "sequence": 1, "at_ms": 1, "kind": "request", "peer": "192.0.2.20", "tls": true, "sni": HOST, "host": HOST,
            "port": 443, "method": "GET", "path": "/", "headers": {},
        }))
        .unwrap();
        let passed = json!({"requested_server_name": HOST, "method": null});
        let opened = json!({"requested_server_name": HOST, "method": "GET"});

        let arrived = [arrived];
        assert!(tls_passes_through(std::slice::from_ref(&passed), &arrived, HOST));
        assert!(!tls_passes_through(&[opened], &arrived, HOST));
        assert!(!tls_passes_through(&[passed], &[], HOST), "nothing arrived");
    }
}
