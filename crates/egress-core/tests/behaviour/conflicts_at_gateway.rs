//! What stands in the way of an egress at the gateway's pods: other servers on its ports, other meanings of the host.

use egress_core::intent::GatewayTls;

use crate::conflicts::{assert_found, find, lines, stored_in};
use crate::fixture::{documented, other_gateway, request, snapshot};

/// A server that the shared pair can stand beside.
const HARMLESS: &str = "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: old, namespace: istio-system, uid: g}
spec:
  selector: {istio: egressgateway}
  servers:
  - port: {number: 9080, name: http, protocol: HTTP}
    hosts: [www.cnn.com]
";

#[test]
fn a_plaintext_server_on_the_port_of_the_pair_is_refused_whatever_its_host() {
    let plaintext = HARMLESS.replace("number: 9080", "number: 80");
    assert_found(
        &request("edition.cnn.com"),
        &plaintext,
        &["refusal gateway/old in namespace istio-system (spec.servers[port 80])"],
    );
    let selects_more = plaintext.replace("istio: egressgateway", "app: istio-egressgateway");
    assert_found(
        &request("edition.cnn.com"),
        &selects_more,
        &["refusal gateway/old in namespace istio-system (spec.servers[port 80])"],
    );
    // The Service's port 80 leads to the pods' port 8080: a server of that number listens in the same place.
    let behind = plaintext.replace("number: 80,", "number: 8080,");
    assert_found(
        &request("edition.cnn.com"),
        &behind,
        &["refusal gateway/old in namespace istio-system (spec.servers[port 8080])"],
    );
    let other_pods = plaintext.replace("istio: egressgateway", "istio: ingressgateway");
    for harmless in [HARMLESS, &other_pods] {
        assert_found(&request("edition.cnn.com"), harmless, &[]);
    }
}

#[test]
fn the_plain_hop_can_stand_beside_a_plaintext_server_but_not_beside_the_pair() {
    let mut plain = documented("edition.cnn.com:80");
    plain.intent.hop = GatewayTls::Plain;
    assert_found(&plain, &HARMLESS.replace("number: 9080", "number: 80"), &[]);
    let pair = stored_in("billing", request("api.github.com:443"));
    assert_eq!(
        lines(&find(&plain, &snapshot(&pair))),
        [
            "refusal gateway/kubectl-egress-istio-egressgateway in namespace istio-system (spec.servers[port 80])"
        ]
    );
}

/// Every protocol of HTTP: its `tls` redirects to HTTPS and secures nothing. `IsTLSServer` in
/// `pkg/config/gateway/gateway.go`.
#[test]
fn a_server_that_redirects_to_https_is_plaintext() {
    for protocol in ["HTTP", "http", "HTTP2", "GRPC", "GRPC-WEB"] {
        let redirect = HARMLESS
            .replace("number: 9080", "number: 80")
            .replace("protocol: HTTP}", &format!("protocol: {protocol}}}"))
            + "    tls: {httpsRedirect: true}\n";
        let refused = ["refusal gateway/old in namespace istio-system (spec.servers[port 80])"];
        assert_found(&request("edition.cnn.com"), &redirect, &refused);
        let mut plain = documented("edition.cnn.com:80");
        plain.intent.hop = GatewayTls::Plain;
        assert_found(&plain, &redirect, &[]);
        // istiod makes one virtual host of both, which answers every call with a redirect.
        assert_found(&plain, &redirect.replace("www.cnn.com", "edition.cnn.com"), &refused);
    }
}

#[test]
fn a_second_server_for_every_host_on_a_port_is_refused_since_istio_drops_the_younger() {
    let same = "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: old, namespace: istio-system, uid: g}
spec:
  selector: {istio: egressgateway}
  servers:
  - port: {number: 443, name: tls, protocol: TLS}
    hosts: ['*']
    tls: {mode: PASSTHROUGH}
";
    assert_found(
        &request("edition.cnn.com"),
        same,
        &["refusal gateway/old in namespace istio-system (spec.servers[port 443])"],
    );
    assert_found(&request("edition.cnn.com"), &same.replace("'*'", "www.cnn.com"), &[]);
    let own = same.replace("'*'", "edition.cnn.com");
    assert_found(
        &request("edition.cnn.com"),
        &own,
        &["refusal gateway/old in namespace istio-system (spec.servers[port 443])"],
    );
}

#[test]
fn two_namespaces_may_mean_the_same_port_or_different_protocols_but_not_different_ports() {
    let cluster = snapshot(&stored_in("billing", request("partner.example.com:8443/TLS")));
    assert_eq!(
        lines(&find(&request("partner.example.com:443"), &cluster)),
        [
            "refusal virtualservice/partner-example-com-gateway in namespace billing (kubectl-egress.github.io/host)"
        ]
    );
    assert!(find(&request("partner.example.com:8443/TLS"), &cluster).is_empty());
    assert!(find(&request("partner.example.com:80"), &cluster).is_empty());
    assert!(find(&request("other.example.com:443"), &cluster).is_empty());
    let mut elsewhere = request("partner.example.com:443");
    elsewhere.intent.gateway = other_gateway();
    assert!(find(&elsewhere, &cluster).is_empty());
}

#[test]
fn one_tls_host_takes_one_layout_at_a_gateway() {
    let cluster = snapshot(&stored_in("billing", documented("edition.cnn.com:443")));
    let found = lines(&find(&request("edition.cnn.com:443"), &cluster));
    assert!(found.iter().all(|line| line.starts_with("refusal")) && !found.is_empty(), "{found:?}");
    let http = snapshot(&stored_in("billing", documented("edition.cnn.com:80")));
    assert!(find(&request("www.cnn.com:443"), &http).is_empty());
}
