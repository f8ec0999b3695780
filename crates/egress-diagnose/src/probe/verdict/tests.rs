//! Each thing that readings can mean.

use std::collections::BTreeSet;

use egress_core::host::DnsName;
use egress_core::port::Port;
use egress_core::proxy::{ClusterView, ProxyView};
use egress_core::snapshot::PodFacts;
use serde_json::json;

use super::*;

const SERVICE: &str = "istio-egressgateway.istio-system.svc.cluster.local";
const TO_GATEWAY: &str = "outbound|80|mesh|istio-egressgateway.istio-system.svc.cluster.local";
const OUT: &str = "outbound|80||edition.cnn.com.shop.egress.internal";

fn plan(port: Port) -> ProbePlan {
    ProbePlan {
        host: DnsName::parse("edition.cnn.com").unwrap(),
        port,
        client: PodFacts { namespace: "shop".to_owned(), name: "client".to_owned(), ..PodFacts::default() },
        gateways: Vec::new(),
        services: [SERVICE.to_owned()].into(),
        upstreams: [format!("outbound|{}||edition.cnn.com.shop.egress.internal", port.number)].into(),
        token: "abc".to_owned(),
    }
}

fn reading(name: &str, log: &[String]) -> EnvoyRecord {
    let pod = ProbePod {
        namespace: "istio-system".to_owned(),
        name: name.to_owned(),
        node: Some("infra-1".to_owned()),
    };
    let log = Ok(Log {
        before: vec![line("/", "outbound|80||other.com", "192.0.2.9:80", "-")],
        after: log.to_vec(),
    });
    EnvoyRecord { pod, log, looks: Err("not looked at".to_owned()) }
}

fn line(path: &str, cluster: &str, upstream: &str, flags: &str) -> String {
    json!({"path": path, "response_code": 200, "response_flags": flags, "upstream_cluster": cluster, "upstream_host": upstream})
        .to_string()
}

/// Lines of other calls, and this one.
fn log(own: &[&str]) -> Vec<String> {
    let other = line("/", "outbound|80||other.com", "192.0.2.9:80", "-");
    std::iter::once(other).chain(own.iter().map(|text| (*text).to_owned())).collect()
}

fn marked(cluster: &str, upstream: &str, flags: &str) -> Vec<String> {
    log(&[&line("/?kubectl-egress-probe=abc", cluster, upstream, flags)])
}

fn answered() -> ProbeResponse {
    ProbeResponse { status: Some(200), ..ProbeResponse::default() }
}

fn fate(client: &[String], gateways: &[Vec<String>]) -> (ProbeResult, Option<ProbePoint>, Confidence) {
    fate_of(&answered(), client, gateways)
}

fn fate_of(
    answer: &ProbeResponse,
    client: &[String],
    gateways: &[Vec<String>],
) -> (ProbeResult, Option<ProbePoint>, Confidence) {
    let gateways: Vec<EnvoyRecord> = gateways.iter().map(|log| reading("gateway", log)).collect();
    let probe = verdict(&plan(Port::HTTP), answer, &reading("client", client), &gateways);
    (probe.result, probe.lost_at, probe.confidence)
}

#[test]
fn a_request_that_a_gateway_sent_on_is_proven_and_left_from_that_pod() {
    let client = reading("client", &marked(TO_GATEWAY, "192.0.2.20:8080", "-"));
    let gateways = [reading("first", &log(&[])), reading("second", &marked(OUT, "151.101.3.5:80", "-"))];
    let probe = verdict(&plan(Port::HTTP), &answered(), &client, &gateways);
    assert_eq!(
        (probe.result, probe.confidence, probe.is_settled()),
        (ProbeResult::Proven, Confidence::Certain, true)
    );
    let left = probe.left_from.unwrap();
    assert_eq!((left.name.as_str(), left.node.as_deref()), ("second", Some("infra-1")));
}

/// The kind: it left through the gateway, and somebody else's route decided where to.
#[test]
fn a_request_that_a_gateway_sends_elsewhere_is_diverted_and_not_proven() {
    let sent = marked(TO_GATEWAY, "192.0.2.20:8080", "-");
    for cluster in [
        "outbound|80||phish.attacker.example",
        "outbound|80||edition.cnn.com",
        "outbound|80||edition.cnn.com.billing.egress.internal",
        "outbound|8080||edition.cnn.com.shop.egress.internal",
    ] {
        let gateways = [marked(cluster, "192.0.2.66:80", "-")];
        assert_eq!(fate(&sent, &gateways), (ProbeResult::Diverted, None, Confidence::Certain), "{cluster}");
        // Counters of such a cluster prove nothing either.
        let client = silent("client", Ok(looks_of(&[(TO_GATEWAY, 3, 4)])));
        let gateways = [silent("gateway", Ok(looks_of(&[(cluster, 4, 5)])))];
        let probe = verdict(&plan(Port::HTTP), &answered(), &client, &gateways);
        assert_eq!(probe.result, ProbeResult::NotProven, "{cluster}");
    }
    // A log that does not name the cluster leaves it to the counters.
    let nameless = EnvoyRecord {
        looks: Ok(looks_of(&[(OUT, 4, 5)])),
        ..reading("gateway", &marked("", "151.101.3.5:80", "-"))
    };
    let probe = verdict(&plan(Port::HTTP), &answered(), &reading("client", &sent), &[nameless]);
    assert_eq!((probe.result, probe.confidence), (ProbeResult::Proven, Confidence::Inferred));
    // What others made has no record to hold it against.
    let unrecorded = ProbePlan { upstreams: BTreeSet::new(), ..plan(Port::HTTP) };
    let gateway = reading("gateway", &marked("outbound|80||edition.cnn.com", "151.101.3.5:80", "-"));
    let probe = verdict(&unrecorded, &answered(), &reading("client", &sent), &[gateway]);
    assert_eq!(probe.result, ProbeResult::Proven);
}

#[test]
fn a_request_that_the_sidecar_lets_out_left_directly() {
    let direct = (ProbeResult::LeftDirectly, None, Confidence::Certain);
    assert_eq!(fate(&marked("PassthroughCluster", "151.101.3.5:80", "-"), &[log(&[])]), direct);
    assert_eq!(fate(&marked("outbound|80||edition.cnn.com", "151.101.3.5:80", "-"), &[log(&[])]), direct);
}

#[test]
fn an_answer_that_the_sidecar_knows_nothing_of_left_directly_unless_its_log_leaves_out_calls() {
    let of = |looks: Looks| {
        let client = EnvoyRecord { looks, ..reading("client", &log(&[])) };
        let gateways = [silent("gateway", Ok(looks_of(&[(OUT, 4, 5)])))];
        verdict(&plan(Port::HTTP), &answered(), &client, &gateways).result
    };
    assert_eq!(of(Ok(looks_of(&[(TO_GATEWAY, 3, 3)]))), ProbeResult::LeftDirectly);
    assert_eq!(of(Ok(looks_of(&[(TO_GATEWAY, 3, 4)]))), ProbeResult::Proven);
    assert_eq!(of(Err("forbidden".to_owned())), ProbeResult::NotProven);
}

#[test]
fn the_hop_where_a_request_vanished_is_named() {
    let vanished = |hop| (ProbeResult::Lost, Some(hop), Confidence::Certain);
    let sent = marked(TO_GATEWAY, "192.0.2.20:8080", "-");
    assert_eq!(fate(&marked("", "", "NR"), &[log(&[])]), vanished(ProbePoint::Sidecar));
    assert_eq!(fate(&marked(TO_GATEWAY, "", "UH"), &[log(&[])]), vanished(ProbePoint::Sidecar));
    let refused = ProbeResponse { status: Some(503), ..ProbeResponse::default() };
    assert_eq!(fate_of(&refused, &sent, &[log(&[]), log(&[])]), vanished(ProbePoint::ToGateway));
    assert_eq!(
        fate(&marked(TO_GATEWAY, "192.0.2.20:8080", "UF"), &[log(&[])]),
        vanished(ProbePoint::ToGateway)
    );
    // It was served, or nobody may look at the gateway: then nothing is said.
    assert_eq!(fate(&sent, &[log(&[])]).0, ProbeResult::NotProven);
    assert_eq!(fate_of(&refused, &sent, &[]).0, ProbeResult::NotProven);
    assert_eq!(fate(&sent, &[log(&[]), marked("", "", "NR")]), vanished(ProbePoint::Gateway));
    assert_eq!(fate(&sent, &[marked(OUT, "151.101.3.5:80", "UF,URX")]), vanished(ProbePoint::FromGateway));
    // A gateway that sends it to a gateway lets nothing out.
    assert_eq!(fate(&sent, &[marked(TO_GATEWAY, "192.0.2.20:8080", "-")]), vanished(ProbePoint::Gateway));
}

#[test]
fn a_request_that_no_sidecar_had_and_nobody_answered_vanished_at_the_client() {
    let answer = ProbeResponse { problem: Some("could not resolve".to_owned()), ..ProbeResponse::default() };
    let probe = verdict(&plan(Port::HTTP), &answer, &reading("client", &log(&[])), &[]);
    assert_eq!(
        (probe.result, probe.lost_at, probe.is_settled()),
        (ProbeResult::Lost, Some(ProbePoint::Client), false)
    );
}

#[test]
fn a_cluster_that_leads_elsewhere_proves_nothing() {
    let elsewhere = marked("outbound|80||proxy.tools.svc.cluster.local", "192.0.2.7:80", "-");
    assert_eq!(fate(&elsewhere, &[log(&[])]).0, ProbeResult::NotProven);
}

#[test]
fn tls_is_followed_from_address_to_address() {
    let tls = |cluster: &str, from: &str, to: &str| {
        json!({"response_code": 0, "response_flags": "-", "upstream_cluster": cluster, "upstream_host": "192.0.2.20:8443",
            "requested_server_name": "edition.cnn.com", "downstream_remote_address": from, "upstream_local_address": to})
        .to_string()
    };
    let cluster = format!("outbound|443||{SERVICE}");
    let client = log(&[
        &tls(&cluster, "192.0.2.120:7", "192.0.2.120:70"),
        &tls("PassthroughCluster", "192.0.2.120:8", "-"),
    ]);
    let answer = ProbeResponse { source: Some("192.0.2.120:7".to_owned()), ..answered() };
    let other = log(&[&tls("outbound|443||edition.cnn.com.shop.egress.internal", "192.0.2.121:70", "-")]);
    let own = log(&[&tls("outbound|443||edition.cnn.com.shop.egress.internal", "192.0.2.120:70", "-")]);
    let of = |gateway: &[String]| {
        verdict(&plan(Port::TLS), &answer, &reading("client", &client), &[reading("gateway", gateway)])
    };
    assert_eq!((of(&own).result, of(&own).confidence), (ProbeResult::Proven, Confidence::Certain));
    assert_eq!(of(&other).result, ProbeResult::NotProven);
}

#[test]
fn lines_that_were_there_before_are_of_other_calls() {
    let tls = json!({"response_code": 0, "upstream_cluster": "PassthroughCluster", "upstream_host": "151.101.3.5:443",
        "requested_server_name": "edition.cnn.com"})
    .to_string();
    let mut client = reading("client", std::slice::from_ref(&tls));
    client.log = Ok(Log { before: vec![tls.clone()], after: vec![tls] });
    let answer = ProbeResponse { problem: Some("reset".to_owned()), ..ProbeResponse::default() };
    assert_eq!(verdict(&plan(Port::TLS), &answer, &client, &[]).result, ProbeResult::Lost);
}

fn looks_of(clusters: &[(&str, u64, u64)]) -> (ProxyView, ProxyView) {
    let view = |which: fn(&(&str, u64, u64)) -> u64| {
        let clusters = clusters
            .iter()
            .map(|row| (row.0.to_owned(), ClusterView { requests: which(row), ..ClusterView::default() }));
        ProxyView { clusters: clusters.collect(), ..ProxyView::default() }
    };
    (view(|row| row.1), view(|row| row.2))
}

fn silent(name: &str, looks: Looks) -> EnvoyRecord {
    EnvoyRecord { log: Ok(Log::default()), looks, ..reading(name, &[]) }
}

fn counted(client: Looks, gateway: Looks) -> (ProbeResult, Option<ProbePoint>, Confidence) {
    let gateways = [silent("gateway", gateway)];
    let probe = verdict(&plan(Port::HTTP), &answered(), &silent("client", client), &gateways);
    (probe.result, probe.lost_at, probe.confidence)
}

#[test]
fn without_an_access_log_counters_only_make_it_likely() {
    let (idle, to_gateway) =
        (Ok(looks_of(&[(OUT, 4, 4)])), Ok(looks_of(&[(TO_GATEWAY, 3, 4), ("PassthroughCluster", 9, 9)])));
    let inferred = Confidence::Inferred;
    assert_eq!(
        counted(to_gateway.clone(), Ok(looks_of(&[(OUT, 4, 5)]))),
        (ProbeResult::Proven, None, inferred)
    );
    assert_eq!(counted(to_gateway.clone(), idle.clone()).0, ProbeResult::NotProven);
    let refused = ProbeResponse { status: Some(404), ..ProbeResponse::default() };
    let (client, gateways) = (silent("client", to_gateway.clone()), [silent("gateway", idle.clone())]);
    let probe = verdict(&plan(Port::HTTP), &refused, &client, &gateways);
    assert_eq!(
        (probe.result, probe.lost_at, probe.confidence),
        (ProbeResult::Lost, Some(ProbePoint::Gateway), inferred)
    );
    let direct = Ok(looks_of(&[(TO_GATEWAY, 3, 3), ("PassthroughCluster", 9, 10)]));
    assert_eq!(counted(direct, idle.clone()), (ProbeResult::LeftDirectly, None, inferred));
    let both = Ok(looks_of(&[(TO_GATEWAY, 3, 4), ("PassthroughCluster", 9, 10)]));
    assert_eq!(counted(both, idle.clone()).0, ProbeResult::NotProven);
    assert_eq!(counted(Ok(looks_of(&[(TO_GATEWAY, 3, 3)])), idle.clone()).0, ProbeResult::NotProven);
    assert_eq!(counted(Err("forbidden".to_owned()), idle).0, ProbeResult::NotProven);
    // A gateway that only tried to connect passed nothing on.
    let mut tried = looks_of(&[(OUT, 0, 0)]);
    if let Some(cluster) = tried.1.clusters.get_mut(OUT) {
        (cluster.connections, cluster.connect_failures) = (1, 1);
    }
    assert_eq!(counted(to_gateway.clone(), Ok(tried)).0, ProbeResult::NotProven);
    assert_eq!(counted(to_gateway, Err("forbidden".to_owned())).0, ProbeResult::NotProven);
}
