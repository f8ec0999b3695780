//! The ways around a list, one object each, and beside them what is healthy.

use anyhow::ensure;
use serde_json::{Value, json};

use super::ask::{Answer, Exported, ask};
use super::entry;
use crate::harness::{Configured, Mesh, say};

const RULES: &str =
    "settings: {allow: [\"api.github.com:443\", \"*.cnn.com\", 93.184.216.34], deny: [evil.cnn.com]}";

/// Each way, and whether it leads where the list allows.
fn ways() -> Vec<(Value, bool)> {
    let mut made = Vec::new();
    let mut add = |mut object: Value, accepted: bool| {
        object["metadata"]["name"] = json!(format!("way-{}", made.len()));
        made.push((object, accepted));
    };
    let spec = |host: &str, key: &str, value: Value| {
        let mut entry = entry("", host);
        entry["spec"][key] = value;
        entry
    };
    let none = |host: &str, ports: Value, addresses: Value| {
        let mut entry = spec(host, "resolution", json!("NONE"));
        entry["spec"]["ports"] = ports;
        entry["spec"]["addresses"] = addresses;
        entry
    };
    let tls = || json!([{"number": 443, "name": "tls", "protocol": "TLS"}]);
    let tcp = || json!([{"number": 443, "name": "tcp", "protocol": "TCP"}]);
    let http = || json!([{"number": 80, "name": "http", "protocol": "HTTP"}]);
    for (host, accepted) in [
        ("api.github.com", true),
        ("edition.cnn.com", true),
        ("a.b.cnn.com", true),
        ("Edition.CNN.com", true),
        ("cnn.com", false),
        ("notcnn.com", false),
        ("EVIL.cnn.com", false),
        ("evil.example.org", false),
        ("93.184.216.35", false),
        ("edition.cnn.com.evil.example.org", false),
    ] {
        add(entry("", host), accepted);
    }
    add(spec("api.github.com", "ports", http()), false);
    for version in ["v1beta1", "v1alpha3"] {
        for (host, accepted) in [("edition.cnn.com", true), ("evil.example.org", false)] {
            let mut old = entry("", host);
            old["apiVersion"] = json!(format!("networking.istio.io/{version}"));
            add(old, accepted);
        }
    }
    for (host, accepted) in [("*.eu.cnn.com", true), ("*.cnn.com", false), ("*.com", false)] {
        add(none(host, tls(), json!([])), accepted);
    }
    // Where it leads.
    for (address, accepted) in [
        ("evil.example.org", false),
        ("evil.cnn.com", false),
        ("0xa9.0xfea9fe", false),
        ("edition.cnn.com", true),
        ("93.184.216.34", true),
    ] {
        add(spec("edition.cnn.com", "endpoints", json!([{"address": address}])), accepted);
        add(
            spec("edition.cnn.com.shop.egress.internal", "endpoints", json!([{"address": address}])),
            accepted,
        );
    }
    add(spec("a.shop.egress.internal", "location", json!("MESH_EXTERNAL")), false);
    add(spec("evil.example.org", "location", json!("MESH_INTERNAL")), false);
    let ports = json!([{"address": "api.github.com", "ports": {"tls": 22}}]);
    add(spec("api.github.com", "endpoints", ports), false);
    let target = json!([{"number": 443, "name": "tls", "protocol": "TLS", "targetPort": 22}]);
    add(spec("api.github.com", "ports", target), false);
    // An entry that resolves nothing goes where the application says.
    add(none("edition.cnn.com", tcp(), json!(["0.0.0.0/0"])), false);
    add(none("edition.cnn.com", tcp(), json!(["93.184.216.34"])), true);
    add(none("edition.cnn.com", tcp(), json!(["93.184.216.34/32"])), true);
    add(none("edition.cnn.com", tcp(), json!([])), false);
    add(none("edition.cnn.com", tls(), json!([])), true);
    // Other kinds.
    let other = |kind: &str, spec: Value| json!({"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": {"namespace": "shop"}, "spec": spec});
    add(other("WorkloadEntry", json!({"address": "edition.cnn.com"})), true);
    add(other("WorkloadEntry", json!({"address": "198.51.100.10"})), false);
    add(other("WorkloadEntry", json!({"address": "evil.example.org"})), false);
    let pods = json!({"hosts": ["db.shop.example"], "resolution": "STATIC", "location": "MESH_INTERNAL",
        "ports": [{"number": 5432, "name": "tcp", "protocol": "TCP"}], "workloadSelector": {"labels": {"app": "db"}}});
    add(other("ServiceEntry", pods), true);
    let tunnel = |host: &str| json!({"host": "edition.cnn.com", "trafficPolicy": {"tunnel": {"protocol": "CONNECT", "targetHost": host, "targetPort": 443}}});
    add(other("DestinationRule", tunnel("evil.example.org")), false);
    add(other("DestinationRule", tunnel("api.github.com")), true);
    add(other("DestinationRule", json!({"host": "edition.cnn.com"})), true);
    let hosts = json!([{"hosts": ["./*"]}]);
    add(other("Sidecar", json!({"egress": hosts})), true);
    add(other("Sidecar", json!({"egress": hosts, "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}})), true);
    add(other("Sidecar", json!({"egress": hosts, "outboundTrafficPolicy": {"mode": "ALLOW_ANY"}})), false);
    let mut filter = other(
        "EnvoyFilter",
        json!({"configPatches": [{"applyTo": "CLUSTER", "match": {"context": "SIDECAR_OUTBOUND"},
        "patch": {"operation": "ADD", "value": {"name": "out", "type": "STRICT_DNS"}}}]}),
    );
    filter["apiVersion"] = json!("networking.istio.io/v1alpha3");
    add(filter, false);
    made
}

pub(super) fn refused(mesh: &Mesh) -> anyhow::Result<()> {
    let ways = ways();
    // Addresses as hosts are refused by Istio itself.
    let objects: Vec<Value> = ways.iter().map(|(object, _)| object.clone()).collect();
    let _policies = Configured::rules(mesh, RULES)?;
    let _exported = Exported::of_cluster(mesh, &["--deny"])?;
    let answers = ask(mesh, &objects)?;
    for (object, accepted) in &ways {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let answer = &answers[name];
        ensure!((*answer == Answer::Accepted) == *accepted, "{object}: {answer:?}");
        if let Answer::Refused(why) = answer {
            let names_a_rule =
                ["(host-denied)", "(host-not-allowed)", "(not-allowed)", "cannot be checked against a list"];
            ensure!(names_a_rule.iter().any(|rule| why.contains(rule)), "{why}");
        }
    }
    let refused = ways.iter().filter(|(_, accepted)| !accepted).count();
    say(format_args!("  {refused} of {} objects were refused", ways.len()));
    // What `add` writes for an allowed host is accepted, in both layouts.
    for layout in ["shared", "documented"] {
        mesh.done(&["add", "edition.cnn.com", "-n", "shop", "--layout", layout])?;
        mesh.done(&["remove", "edition.cnn.com", "-n", "shop"])?;
    }
    Ok(())
}
