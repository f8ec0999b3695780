//! Routes at the gateway that are not ours, in the kinds that somebody would try who wants calls of another namespace: what
//! decides is refused, what only waits behind ours is a warning once ours stand.

use egress_core::dialect::earlier;
use egress_core::intent::GatewayTls;
use egress_core::inventory::rows;
use egress_core::metadata::Record;
use egress_core::resource::{Resource, Spec};
use egress_core::snapshot::Snapshot;

use crate::conflicts::{find, lines, stored_in};
use crate::fixture::{added, in_every_layout, objects, request, snapshot, stored};

/// A rule of another namespace for a path, at the shared pair; younger than everything.
const LOGIN: &str = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: hijack, namespace: billing, uid: h, creationTimestamp: '2026-12-01T00:00:00Z'}
spec:
  hosts: [edition.cnn.com]
  exportTo: [istio-system]
  gateways: [istio-system/kubectl-egress-istio-egressgateway]
  http:
  - match: [{uri: {prefix: /login}}]
    route: [{destination: {host: phish.attacker.example, port: {number: 80}}}]
";

/// The same for the TLS of the host.
const TLS: &str = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: hijack, namespace: billing, uid: h, creationTimestamp: '2026-12-01T00:00:00Z'}
spec:
  hosts: [edition.cnn.com]
  exportTo: [istio-system]
  gateways: [istio-system/kubectl-egress-istio-egressgateway]
  tls:
  - match: [{port: 443, sniHosts: [edition.cnn.com]}]
    route: [{destination: {host: phish.attacker.example, port: {number: 443}}}]
";

/// A server for the name by which sidecars ask for the pair's HTTP server.
const SERVER: &str = "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: hijack, namespace: billing, uid: g, creationTimestamp: '2026-12-01T00:00:00Z'}
spec:
  selector: {istio: egressgateway}
  servers:
  - port: {number: 80, name: https-stolen, protocol: HTTPS}
    hosts: ['*.istio-egressgateway.istio-system.svc.cluster.local', edition.cnn.com]
    tls: {mode: ISTIO_MUTUAL}
";

const HTTP_RULE: &str = "virtualservice/hijack in namespace billing (spec.http[0].match[0])";
const BARE_RULE: &str = "virtualservice/hijack in namespace billing (spec.http[0])";
const TLS_RULE: &str = "virtualservice/hijack in namespace billing (spec.tls[0].match[0])";

#[test]
fn rules_that_are_there_before_the_egress_are_refused() {
    for (yaml, place) in [
        (LOGIN.to_owned(), HTTP_RULE),
        (TLS.to_owned(), TLS_RULE),
        // In whatever words.
        (LOGIN.replace("{uri: {prefix: /login}}", "{headers: {authorization: {regex: '.+'}}}"), HTTP_RULE),
        (LOGIN.replace("{uri: {prefix: /login}}", "{method: {exact: POST}}"), HTTP_RULE),
        (LOGIN.replace("{uri: {prefix: /login}}", "{withoutHeaders: {x-a: {exact: b}}}"), HTTP_RULE),
        (LOGIN.replace("{uri: {prefix: /login}}", "{queryParams: {token: {regex: '.+'}}}"), HTTP_RULE),
        (LOGIN.replace("{uri: {prefix: /login}}", "{authority: {prefix: e}}"), HTTP_RULE),
        (LOGIN.replace("match: [{uri: {prefix: /login}}]\n    ", ""), BARE_RULE),
        (LOGIN.replace("hosts: [edition", "hosts: [www.example.com, EDITION"), HTTP_RULE),
        (LOGIN.replace("exportTo: [istio-system]\n  ", ""), HTTP_RULE),
        (LOGIN.replace("gateways: [", "gateways: [mesh, "), HTTP_RULE),
        (
            LOGIN.replace(
                "route: [{destination: {host: phish.attacker.example, port: {number: 80}}}]",
                "delegate: {name: d}",
            ),
            HTTP_RULE,
        ),
        (LOGIN.replace("route: [{destination", "redirect: {authority: a.b}\n    x: [{d"), HTTP_RULE),
        (TLS.replace("hosts: [edition.cnn.com]\n  exp", "hosts: ['*.cnn.com']\n  exp"), TLS_RULE),
        (TLS.replace("[edition.cnn.com]}", "[www.cnn.com, edition.cnn.com]}"), TLS_RULE),
    ] {
        let found = find(&request("edition.cnn.com"), &snapshot(&objects(&yaml)));
        assert_eq!(lines(&found).first(), Some(&format!("refusal {place}")), "{yaml}");
    }
}

#[test]
fn rules_for_other_hosts_gateways_ports_or_pods_are_in_nobodys_way() {
    for harmless in [
        LOGIN.replace("hosts: [edition.cnn.com]", "hosts: [www.cnn.com]"),
        // A wildcard has a virtual host of its own, and the exact one comes before it.
        LOGIN.replace("hosts: [edition.cnn.com]", "hosts: ['*.cnn.com']"),
        LOGIN.replace("exportTo: [istio-system]", "exportTo: [billing]"),
        LOGIN.replace("gateways: [istio-system/", "gateways: [billing/"),
        LOGIN.replace("{uri: {prefix: /login}}", "{port: 81}"),
        LOGIN.replace("{uri: {prefix: /login}}", "{gateways: [mesh]}"),
        LOGIN.replace("{uri: {prefix: /login}}", "{sourceLabels: {app: ingress}}"),
        TLS.replace("sniHosts: [edition.cnn.com]", "sniHosts: ['*.cnn.com']"),
        TLS.replace("port: 443, sni", "port: 8443, sni"),
        SERVER.replace("'*.istio-egressgateway.istio-system.svc.cluster.local', ", ""),
        SERVER.replace("istio: egressgateway", "istio: ingressgateway"),
        SERVER.replace("number: 80", "number: 9080"),
    ] {
        let found = find(&request("edition.cnn.com:80"), &snapshot(&objects(&harmless)));
        assert_eq!(lines(&found), Vec::<String>::new(), "{harmless}");
    }
}

#[test]
fn younger_rules_wait_behind_ours_and_do_not_keep_add_from_its_work() {
    for (layout, yaml) in [(request("edition.cnn.com"), LOGIN), (request("edition.cnn.com:443"), TLS)] {
        let cluster = with(&layout, yaml);
        let found = lines(&find(&layout, &cluster));
        assert!(found.len() == 1 && found[0].starts_with("warning virtualservice/hijack"), "{found:?}");
    }
    // Older ones decide.
    let older = |yaml: &str| yaml.replace("2026-12-01", "2026-01-01");
    for (layout, yaml) in
        [(request("edition.cnn.com"), older(LOGIN)), (request("edition.cnn.com:443"), older(TLS))]
    {
        let found = lines(&find(&layout, &with(&layout, &yaml)));
        assert!(found.len() == 1 && found[0].starts_with("refusal virtualservice/hijack"), "{found:?}");
    }
    // istiod moves those without conditions behind ours, whatever their age.
    let bare = older(&LOGIN.replace("match: [{uri: {prefix: /login}}]\n    ", ""));
    let found = lines(&find(&request("edition.cnn.com"), &with(&request("edition.cnn.com"), &bare)));
    assert!(found.len() == 1 && found[0].starts_with("warning virtualservice/hijack"), "{found:?}");
}

#[test]
fn requests_that_name_none_of_several_ports_are_left_to_nobody() {
    let record = request("edition.cnn.com:8080/HTTP");
    let several = Record {
        intent: egress_core::intent::Intent {
            ports: [8080, 8081].map(|number| format!("{number}/HTTP").parse().expect("a port")).into(),
            ..record.intent.clone()
        },
        ..record
    };
    let found = lines(&find(&several, &with(&several, LOGIN)));
    assert!(found.len() == 1 && found[0].starts_with("warning virtualservice/hijack"), "{found:?}");
}

#[test]
fn a_server_of_strangers_for_the_name_of_the_hop_is_refused_whatever_its_age() {
    let record = request("edition.cnn.com:80");
    let refusal = ["refusal gateway/hijack in namespace billing (spec.servers[0].hosts)"];
    assert_eq!(lines(&find(&record, &snapshot(&objects(SERVER)))), refusal);
    assert_eq!(lines(&find(&record, &with(&record, SERVER))), refusal);
    for (change, to, field) in [
        ("'*.istio-egressgateway.istio-system.svc.cluster.local'", "'*.local'", "spec.servers[0].hosts"),
        ("mode: ISTIO_MUTUAL", "mode: AUTO_PASSTHROUGH", "spec.servers[0].tls.mode"),
        ("  - port:", "  - bind: 10.0.0.7\n    port:", "spec.servers[0].hosts"),
    ] {
        let mut server = SERVER.replace(change, to);
        if to.contains("AUTO") {
            server = server.replace("'*.istio-eg", "'istio-eg");
        }
        let found = lines(&find(&record, &with(&record, &server)));
        assert_eq!(found, [format!("refusal gateway/hijack in namespace billing ({field})")], "{server}");
    }
    // A chain for the host's own server name beside ours: Envoy refuses both.
    let same_name = SERVER.replace("number: 80", "number: 443");
    let tls = request("edition.cnn.com:443");
    assert_eq!(lines(&find(&tls, &with(&tls, &same_name))), refusal);
}

#[test]
fn the_gateways_owner_and_another_namespaces_add_may_answer() {
    let record = request("edition.cnn.com");
    let owners = LOGIN.replace("namespace: billing", "namespace: istio-system");
    assert_eq!(lines(&find(&record, &snapshot(&objects(&owners)))), Vec::<String>::new());
    let sibling = stored_in("billing", request("edition.cnn.com"));
    assert_eq!(lines(&find(&record, &snapshot(&sibling))), Vec::<String>::new());
}

#[test]
fn our_label_on_rules_or_an_entry_that_lead_elsewhere_is_no_excuse() {
    let record = request("edition.cnn.com:80");
    let elsewhere = |change: &dyn Fn(&mut Spec)| {
        let mut sibling = stored_in("billing", request("edition.cnn.com:80"));
        for object in &mut sibling {
            change(&mut object.spec);
        }
        lines(&find(&record, &snapshot(&sibling)))
    };
    let by_rule = elsewhere(&|spec| {
        if let Spec::VirtualService(spec) = spec {
            let rules = spec.http.iter_mut().flatten();
            for route in rules.flat_map(|rule| rule.route.iter_mut().flatten()) {
                if route.destination.host.ends_with(".egress.internal") {
                    route.destination.host = "phish.attacker.example".to_owned();
                }
            }
        }
    });
    let by_entry = elsewhere(&|spec| {
        if let Spec::ServiceEntry(spec) = spec {
            for endpoint in spec.endpoints.iter_mut().flatten() {
                endpoint.address = Some("phish.attacker.example".to_owned());
            }
        }
    });
    for found in [by_rule, by_entry] {
        assert!(
            found.iter().any(|line| line.starts_with("refusal virtualservice/edition-cnn-com-gateway")),
            "{found:?}"
        );
    }
}

/// The kind: egresses that stand in clusters since an earlier version.
#[test]
fn an_egress_in_the_earlier_shape_is_whole_can_be_taken_over_and_is_written_anew() {
    for record in in_every_layout("edition.cnn.com") {
        let earlier: Vec<Resource> =
            stored(&record).into_iter().map(|object| earlier(object, record.intent.hop)).collect();
        let cluster = snapshot(&earlier);
        let [row] = &rows(&cluster)[..] else { panic!("one row") };
        assert_eq!(row.state, egress_core::inventory::State::Ready, "{:?}", record.intent.layout);
        assert!(!row.earlier.is_empty());
        let plan = added(&record, &cluster);
        let written: Vec<String> =
            plan.writes().map(|(step, action)| format!("{} {}", action.verb(), step.role)).collect();
        assert!(!written.is_empty() && written.iter().all(|line| line.starts_with("update ")), "{written:?}");
        assert!(!written.iter().any(|line| line.contains("shared") || line.contains("entry")), "{written:?}");
        let [row] = &rows(&snapshot(&stored(&record)))[..] else { panic!("one row") };
        assert!(row.earlier.is_empty());
    }
}

fn earlier(object: Resource, hop: GatewayTls) -> Resource {
    earlier::written(&object, hop).unwrap_or(object)
}

/// A cluster with an egress of November and a stranger's objects, each as old as it says.
fn with(record: &Record, yaml: &str) -> Snapshot {
    let of_stranger = yaml.split("creationTimestamp: '").nth(1).and_then(|rest| rest.split('\'').next());
    let aged = |mut object: Resource, created: Option<&str>| {
        if let Some(live) = &mut object.live {
            live.created = created.and_then(|time| time.parse().ok());
        }
        object
    };
    let own = stored(record).into_iter().map(|object| aged(object, Some("2026-11-22T12:00:00Z")));
    let strange = objects(yaml).into_iter().map(|object| aged(object, of_stranger));
    snapshot(&own.chain(strange).collect::<Vec<_>>())
}
