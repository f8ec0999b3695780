//! What the export refuses, object by object, by its twin; the API server is held to the same on the mesh.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};

use egress_policy::Policy as _;
use egress_policy::config::PolicyConfig;
use egress_policy::descriptor::Hook;
use egress_policy::export::{
    ExportError, ExportSource, ExportedLayer, ObjectVerdict, OmissionEffect, export,
};
use egress_policy::hosts;
use egress_policy::policy_set::{Layer as Rank, LoadedPolicy, PolicySet, merge};
use egress_policy::report::Status;
use egress_policy::request::{Destination, Request};
use egress_policy::rules::Rules;

const LIST: &str = "policies:\n- name: baseline\n  builtin: rules\n  settings: {allow: [\"api.github.com:443\", \
                    \"*.cnn.com\", 93.184.216.34], deny: [evil.cnn.com, \"*.internal\", 169.254.169.254]}\n";

fn set(policies: &str) -> PolicyConfig {
    let head = "apiVersion: kubectl-egress.github.io/v1alpha1\nkind: EgressPolicySet\n";
    PolicyConfig::parse(&format!("{head}{policies}")).unwrap()
}

fn layer(set: &PolicyConfig) -> ExportedLayer {
    ExportedLayer::read(&source(set)).unwrap()
}

fn source(set: &PolicyConfig) -> ExportSource<'_> {
    static NONE: BTreeSet<String> = BTreeSet::new();
    ExportSource {
        set,
        root_namespace: Some("istio-system"),
        gateway_namespaces: &NONE,
        today: date(2026, 11, 28),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "tests write the value in place")]
fn object(kind: &str, spec: Value) -> Value {
    json!({"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": {"name": "a"}, "spec": spec})
}

#[expect(clippy::needless_pass_by_value, reason = "tests write the value in place")]
fn entry(host: &str, more: Value) -> Value {
    let mut spec = json!({
        "hosts": [host], "resolution": "DNS", "exportTo": ["."],
        "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}],
    });
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    object("ServiceEntry", spec)
}

#[test]
fn an_entry_is_judged_by_where_it_leads_and_not_by_its_name_alone() {
    let layer = layer(&set(LIST));
    let with = |address: &str| json!({"endpoints": [{"address": address}]});
    let cases = [
        ("an allowed host", entry("api.github.com", json!({})), true),
        ("below a wildcard", entry("edition.cnn.com", json!({})), true),
        ("in upper case, with a dot", entry("Edition.CNN.com.", json!({})), true),
        ("the apex of a wildcard", entry("cnn.com", json!({})), false),
        ("no label of the wildcard", entry("evilcnn.com", json!({})), false),
        (
            "another port",
            entry("api.github.com", json!({"ports": [{"number": 80, "protocol": "HTTP"}]})),
            false,
        ),
        ("a denied host", entry("EVIL.cnn.com", json!({})), false),
        ("a wildcard that reaches a denied host", entry("*.cnn.com", json!({"resolution": "NONE"})), false),
        ("a wildcard below", entry("*.eu.cnn.com", json!({"resolution": "NONE"})), true),
        ("a wider wildcard", entry("*.com", json!({"resolution": "NONE"})), false),
        ("an address", entry("93.184.216.34", json!({})), true),
        ("another address", entry("93.184.216.35", json!({})), false),
        ("endpoints elsewhere", entry("edition.cnn.com", with("evil.example.org")), false),
        ("endpoints at an allowed host", entry("edition.cnn.com", with("api.github.com.")), true),
        ("endpoints at an allowed address", entry("edition.cnn.com", with("93.184.216.34")), true),
        ("an address that is none", entry("edition.cnn.com", with("0xa9.0xfea9fe")), false),
        ("IPv4 inside IPv6", entry("edition.cnn.com", with("::ffff:93.184.216.34")), false),
        ("a socket", entry("edition.cnn.com", with("unix:///a")), false),
        (
            "an endpoint without an address",
            entry("edition.cnn.com", json!({"endpoints": [{"network": "b"}]})),
            false,
        ),
        (
            "an endpoint's port",
            entry(
                "api.github.com",
                json!({"endpoints": [{"address": "api.github.com", "ports": {"tls": 22}}]}),
            ),
            false,
        ),
        (
            "a target port",
            entry("api.github.com", json!({"ports": [{"number": 443, "targetPort": 22, "protocol": "TLS"}]})),
            false,
        ),
        ("no ports", entry("api.github.com", json!({"ports": []})), false),
        ("an upstream entry", entry("edition.cnn.com.shop.egress.internal", with("edition.cnn.com")), true),
        (
            "an upstream entry elsewhere",
            entry("edition.cnn.com.shop.egress.internal", with("evil.example.org")),
            false,
        ),
        ("an upstream entry that resolves its own name", entry("a.egress.internal", json!({})), false),
        (
            "every address",
            entry("edition.cnn.com", json!({"resolution": "NONE", "addresses": ["0.0.0.0/0"]})),
            false,
        ),
        (
            "one address as a range",
            entry("edition.cnn.com", json!({"resolution": "NONE", "addresses": ["93.184.216.34/32"]})),
            true,
        ),
        ("a virtual address", entry("edition.cnn.com", json!({"addresses": ["240.0.0.1"]})), true),
        (
            "any address on a port",
            entry(
                "edition.cnn.com",
                json!({"resolution": "NONE", "ports": [{"number": 443, "protocol": "TCP"}]}),
            ),
            false,
        ),
        (
            "the same, where the host is resolved",
            entry("edition.cnn.com", json!({"ports": [{"number": 443, "protocol": "TCP"}]})),
            true,
        ),
        (
            "pods of the mesh",
            entry(
                "db.shop.internal",
                json!({"resolution": "STATIC", "workloadSelector": {"labels": {"app": "db"}}}),
            ),
            true,
        ),
        (
            "pods or whatever is called",
            entry("db.shop.internal", json!({"workloadSelector": {"labels": {"app": "db"}}})),
            false,
        ),
        ("a claim to be inside", entry("evil.example.org", json!({"location": "MESH_INTERNAL"})), false),
        ("a workload", object("WorkloadEntry", json!({"address": "edition.cnn.com"})), true),
        ("a workload elsewhere", object("WorkloadEntry", json!({"address": "evil.example.org"})), false),
        (
            "a workload on one port of which any may be asked",
            object("WorkloadEntry", json!({"address": "api.github.com", "ports": {"tls": 443}})),
            false,
        ),
        ("a rule without a tunnel", object("DestinationRule", json!({"host": "edition.cnn.com"})), true),
        (
            "a tunnel",
            object(
                "DestinationRule",
                json!({"exportTo": ["."], "trafficPolicy": {"tunnel": {"targetHost": "evil.example.org", "targetPort": 443}}}),
            ),
            false,
        ),
        (
            "a tunnel of a subset",
            object(
                "DestinationRule",
                json!({"subsets": [{"trafficPolicy": {"tunnel": {"targetHost": "evil.example.org", "targetPort": 443}}}]}),
            ),
            false,
        ),
        (
            "a tunnel to an allowed host",
            object(
                "DestinationRule",
                json!({"trafficPolicy": {"tunnel": {"targetHost": "api.github.com", "targetPort": 443}}}),
            ),
            true,
        ),
        ("a sidecar", object("Sidecar", json!({"egress": [{"hosts": ["./*"]}]})), true),
        (
            "a sidecar that lets all out",
            object("Sidecar", json!({"outboundTrafficPolicy": {"mode": "ALLOW_ANY"}})),
            false,
        ),
        ("a filter", object("EnvoyFilter", json!({})), false),
        ("another kind", object("VirtualService", json!({"hosts": ["evil.example.org"]})), true),
    ];
    for (what, object, accepted) in cases {
        let verdict = layer.judge("shop", &object);
        assert_eq!(verdict == ObjectVerdict::Accepted, accepted, "{what}: {object}");
    }
}

#[test]
fn who_may_call_by_an_entry_is_whose_rules_hold() {
    let two = set("default: deny\npolicies:\n\
        - name: shop\n  builtin: rules\n  settings: {namespaces: [\"shop*\"], allow: [edition.cnn.com]}\n\
        - name: billing\n  builtin: rules\n  settings: {namespaces: [billing], allow: [api.stripe.com], others: abstain}\n");
    let gateways = BTreeSet::from(["istio-egress".to_owned()]);
    let layer = ExportedLayer::read(&ExportSource { gateway_namespaces: &gateways, ..source(&two) }).unwrap();
    let cases: [(&str, &str, &[&str], bool); 12] = [
        ("billing", "api.stripe.com", &["."], true),
        ("billing", "api.stripe.com", &[], false),
        ("billing", "api.stripe.com", &["*"], false),
        ("billing", "api.stripe.com", &[".", "shop"], false),
        ("billing", "api.stripe.com", &["shop-2"], false),
        ("billing", "api.stripe.com", &["payments"], false),
        ("billing", "api.stripe.com", &["~"], true),
        ("billing", "api.stripe.com", &["istio-egress"], true),
        ("shop", "edition.cnn.com", &[".", "istio-egress"], true),
        ("shop", "edition.cnn.com", &["shop-2"], true),
        ("shop", "api.stripe.com", &["."], false),
        ("payments", "edition.cnn.com", &["."], false),
    ];
    for (namespace, host, exports, accepted) in cases {
        let object = entry(host, json!({"exportTo": exports}));
        let verdict = layer.judge(namespace, &object);
        assert_eq!(verdict == ObjectVerdict::Accepted, accepted, "{namespace} {host} {exports:?}");
    }
}

#[test]
fn a_hop_that_only_tls_has_refuses_ports_of_plain_http() {
    let layer =
        layer(&set("default: allow\npolicies:\n- {name: a, builtin: rules, settings: {hop: passthrough}}\n"));
    for (protocol, accepted) in
        [("HTTP", false), ("http2", false), ("TLS", true), ("HTTPS", true), ("TCP", true)]
    {
        let object = entry("a.example.com", json!({"ports": [{"number": 80, "protocol": protocol}]}));
        assert_eq!(layer.judge("shop", &object) == ObjectVerdict::Accepted, accepted, "{protocol}");
    }
}

#[test]
fn what_cel_cannot_say_is_told_and_nothing_else() {
    let told = |policies: &str| {
        let set = set(policies);
        let export = export(&source(&set)).unwrap();
        let told: Vec<(String, OmissionEffect)> =
            export.left_out.into_iter().map(|left_out| (left_out.at, left_out.effect)).collect();
        (export.policy.is_some(), told)
    };
    assert_eq!(told(LIST), (true, vec![]));
    let full = "policies:\n- name: a\n  builtin: rules\n  settings: {deny: [a.com], hop: mtls, names: \"{host}\", \
                labels: {a: b}, pin: {minNodes: 2}}\n- {name: b, source: \"oci://h/r:1\"}\n\
                - {name: c, source: \"oci://h/c:1\", use: [naming]}\n- {name: d, source: \"oci://h/d:1\", use: [pinning]}\n\
                exceptions:\n- {code: host-denied, destination: a.com, until: 2026-11-28, approved-by: me, reason: so}\n\
                - {code: host-denied, destination: b.com, until: 2026-11-27, approved-by: me, reason: so}\n\
                - {code: host-denied, policy: b, destination: c.com, until: 2027-11-27, approved-by: me, reason: so}\n";
    let left_out = [
        ("policies.a.settings.hop", OmissionEffect::Weaker),
        ("policies.a.settings.pin", OmissionEffect::Weaker),
        ("policies.a.settings.names", OmissionEffect::None),
        ("policies.a.settings.labels", OmissionEffect::None),
        ("policies.b", OmissionEffect::Weaker),
        ("policies.c", OmissionEffect::None),
        ("policies.d", OmissionEffect::Weaker),
        ("exceptions[0]", OmissionEffect::Stronger),
    ];
    assert_eq!(told(full), (true, left_out.map(|(at, effect)| (at.to_owned(), effect)).into()));
    // A policy that is not asked about hosts says nothing about them.
    let (exported, told) = told(
        "policies:\n- {name: a, builtin: rules, use: [pinning], settings: {allow: [a.com], pin: {minNodes: 2}}}\n",
    );
    assert_eq!((exported, told.len()), (false, 1));
}

#[test]
fn the_digest_follows_what_is_said() {
    let digest = |policies: &str| export(&source(&set(policies))).unwrap().policy.unwrap().digest();
    let one = "policies:\n- {name: a, builtin: rules, settings: {allow: [a.com, b.com]}}\n";
    let other_order = "policies:\n- {name: a, builtin: rules, settings: {allow: [b.com, a.com]}}\n";
    assert_eq!(digest(one), digest(other_order));
    for other in [
        "{allow: [a.com]}",
        "{allow: [a.com, b.com], others: abstain}",
        "{allow: [a.com, b.com], namespaces: [a]}",
    ] {
        assert_ne!(
            digest(one),
            digest(&format!("policies:\n- {{name: a, builtin: rules, settings: {other}}}\n")),
            "{other}"
        );
    }
}

#[test]
fn lists_that_no_server_stores_are_refused() {
    let hosts: Vec<String> =
        (0..9_000).map(|number| format!("{}-{number}.example.com", "a".repeat(50))).collect();
    let one = |name: &str| {
        format!("- {{name: {name}, builtin: rules, settings: {{deny: [{}]}}}}\n", hosts.join(","))
    };
    let mut large = set(&format!("policies:\n{}", one("a")));
    assert!(export(&source(&large)).is_ok());
    let more: Vec<_> = ["b", "c"]
        .into_iter()
        .map(|name| set(&format!("policies:\n{}", one(name))).policies.remove(0))
        .collect();
    large.policies.extend(more);
    assert!(matches!(export(&source(&large)), Err(ExportError::TooLarge(_))));
}

/// All rules of a configuration as they are asked before a write.
fn policies(set: &PolicyConfig) -> PolicySet {
    let merged =
        merge(vec![(Rank::Cluster, set.clone())], &egress_policy::config::ConfiguredLimits::default())
            .unwrap();
    let policies = set.policies.iter().map(|entry| {
        let rules = Rules::new(&entry.settings).unwrap();
        LoadedPolicy {
            name: entry.name.clone(),
            layer: Rank::Cluster,
            digest: None,
            settings: entry.settings.clone(),
            hooks: rules.hooks().iter().copied().filter(|hook| *hook == Hook::Hosts).collect(),
            on_deny: None,
            policy: Arc::new(rules),
        }
    });
    merged.with_policies(policies.collect())
}

fn a_host() -> impl Strategy<Value = String> {
    r"(\*\.)?([ab]\.){0,3}(acme|cnn)\.(com|org)"
}

fn globs() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec((a_host(), prop_oneof![Just(""), Just(":80"), Just(":443")]), 1..5)
        .prop_map(|globs| globs.into_iter().map(|(host, port)| format!("{host}{port}")).collect())
}

fn rules() -> impl Strategy<Value = Value> {
    let namespaces = prop_oneof![Just(json!(null)), Just(json!(["shop"])), Just(json!(["b*", "x"]))];
    let others = prop_oneof![Just("deny"), Just("abstain")];
    (proptest::option::of(globs()), proptest::option::of(globs()), others, namespaces).prop_map(
        |(allow, deny, others, namespaces)| {
            let mut rules = BTreeMap::from([("others", json!(others)), ("namespaces", namespaces)]);
            rules.insert("allow", json!(allow));
            rules.insert(
                "deny",
                if allow.is_none() && deny.is_none() { json!(["*:80"]) } else { json!(deny) },
            );
            rules.retain(|_, value| !value.is_null());
            json!(rules)
        },
    )
}

proptest! {
    /// The twin is what `add` would be told, for entries that only their own namespace sees.
    #[test]
    fn the_export_refuses_what_add_would_be_refused(
        settings in proptest::collection::vec(rules(), 1..4),
        default in prop_oneof![Just(""), Just("default: deny\n"), Just("default: allow\n")],
        host in a_host(),
        ports in proptest::collection::btree_set(prop_oneof![Just(80_u16), Just(443), Just(8080)], 1..3),
        namespace in prop_oneof![Just("shop"), Just("billing"), Just("x")],
    ) {
        let entries = settings.iter().enumerate().map(|(index, settings)| format!("- {{name: p{index}, builtin: rules, settings: {settings}}}\n"));
        let set = set(&format!("{default}policies:\n{}", entries.collect::<String>()));
        let destinations = ports.iter().map(|port| Destination {
            host: host.clone(), port: *port, protocol: "HTTP".to_owned(), route: "mtls".to_owned(),
        });
        let request = Request {
            verb: "add".to_owned(), namespace: namespace.to_owned(), destinations: destinations.collect(), ..Request::default()
        };
        let allowed = hosts::decide(&policies(&set), &request, None).status() == Status::Allowed;
        let ports: Vec<Value> = ports.iter().map(|port| json!({"number": port, "protocol": "HTTP"})).collect();
        let resolution = if host.starts_with('*') { "NONE" } else { "DNS" };
        let client = entry(&host, json!({"ports": ports, "resolution": resolution}));
        prop_assert_eq!(layer(&set).judge(namespace, &client) == ObjectVerdict::Accepted, allowed);
        let upstream = entry("x.shop.egress.internal", json!({"ports": ports, "endpoints": [{"address": host}]}));
        prop_assert_eq!(layer(&set).judge(namespace, &upstream) == ObjectVerdict::Accepted, allowed);
    }

    #[test]
    fn no_object_makes_it_panic(kind in "ServiceEntry|WorkloadEntry|DestinationRule|Sidecar", host in any::<String>(), number in any::<i64>()) {
        let spec = json!({"hosts": [host, 1], "address": host, "endpoints": [{"address": host, "ports": {"a": number}}, 3], "ports": [{"number": number}], "exportTo": [host]});
        let _ = layer(&set(LIST)).judge("shop", &object(&kind, spec));
    }
}
