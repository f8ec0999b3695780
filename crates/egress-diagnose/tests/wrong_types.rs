//! Objects in which one field is of another type than its schema says: an answer or a clear error, never the end of the
//! program.
//!
//! Every field of every object of the base clusters is tried; knows none of them by name.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its clusters fails")]

use std::path::PathBuf;

use egress_diagnose::examine::examine;
use egress_diagnose::facts::Request;
use egress_diagnose::facts::collect::Collector;
use serde::Deserialize;
use serde_json::{Value, json};

/// What a field may hold instead.
fn strangers() -> [Value; 7] {
    [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!("\u{1b}[2J../\u{202e}*"),
        json!([[]]),
        json!({ "": { "a/b": [null] } }),
    ]
}

fn objects(file: &str) -> Vec<Value> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/diagnose/base").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    serde_yaml::Deserializer::from_str(&text).map(|document| Value::deserialize(document).unwrap()).collect()
}

/// The pointers to all that is in a value, itself left out.
fn pointers(value: &Value, above: &str) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => {
            let escaped = |key: &String| key.replace('~', "~0").replace('/', "~1");
            fields.iter().map(|(key, child)| (escaped(key), child)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(place, child)| (place.to_string(), child)).collect()
        }
        _ => Vec::new(),
    };
    let below = children.into_iter().flat_map(|(key, child)| {
        let pointer = format!("{above}/{key}");
        let mut all = pointers(child, &pointer);
        all.push(pointer);
        all
    });
    below.collect()
}

#[test]
fn a_wrong_type_in_any_field_of_any_object_costs_at_most_that_object() {
    for files in [
        ["cluster.yaml", "shared.yaml"],
        ["cluster.yaml", "documented.yaml"],
        ["cluster.yaml", "around.yaml"],
    ] {
        let all: Vec<Value> = files.into_iter().flat_map(objects).collect();
        let mut refused = 0;
        for (place, object) in all.iter().enumerate() {
            for pointer in pointers(object, "") {
                for stranger in strangers() {
                    let mut changed = object.clone();
                    *changed.pointer_mut(&pointer).unwrap() = stranger;
                    let mut collector = Collector::default();
                    for (other, object) in all.iter().enumerate() {
                        if other != place {
                            collector.add(&object.into()).unwrap();
                        }
                    }
                    refused += usize::from(collector.add(&(&changed).into()).is_err());
                    let report = examine(&collector.finish(), &Request::default());
                    assert!(!report.sections.is_empty(), "{files:?} {pointer}");
                }
            }
        }
        assert!(refused > 100, "{files:?}: only {refused} were refused");
    }
}

/// Objects that lead to one another in a circle.
#[test]
fn circles_of_references_come_to_an_end() {
    let delegating = |name: &str, to: &str, hosts: &[&str]| {
        json!({
            "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": { "name": name, "namespace": "shop" },
            "spec": {
                "hosts": hosts, "gateways": ["istio-system/circle", "mesh"],
                "http": [{ "delegate": { "name": to, "namespace": "shop" } }],
            },
        })
    };
    let entry = |name: &str, host: &str, endpoint: &str| {
        json!({
            "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
            "metadata": { "name": name, "namespace": "shop" },
            "spec": {
                "hosts": [host], "resolution": "DNS", "endpoints": [{ "address": endpoint }],
                "ports": [{ "number": 80, "name": "http", "protocol": "HTTP" }],
            },
        })
    };
    let alias = |name: &str, to: &str| {
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": name, "namespace": "istio-system" },
            "spec": { "type": "ExternalName", "externalName": format!("{to}.istio-system.svc.cluster.local") },
        })
    };
    let routed = |host: &str, to: &str| {
        json!({
            "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": { "name": host, "namespace": "shop" },
            "spec": {
                "hosts": [host], "gateways": ["istio-system/circle", "mesh"],
                "http": [{ "route": [{ "destination": { "host": to } }] }],
            },
        })
    };
    let circle = [
        delegating("a", "b", &["a.example"]),
        delegating("b", "a", &[]),
        delegating("itself", "itself", &["itself.example"]),
        entry("one", "one.example", "two.example"),
        entry("two", "two.example", "one.example"),
        routed("one.example", "two.example"),
        routed("two.example", "one.example"),
        alias("here", "there"),
        alias("there", "here"),
        routed("out.example", "here.istio-system.svc.cluster.local"),
        json!({
            "apiVersion": "networking.istio.io/v1", "kind": "Gateway",
            "metadata": { "name": "circle", "namespace": "istio-system" },
            "spec": {
                "selector": { "istio": "egressgateway" },
                "servers": [{ "port": { "number": 80, "name": "http", "protocol": "HTTP" }, "hosts": ["*"] }],
            },
        }),
    ];
    let mut collector = Collector::default();
    for object in objects("cluster.yaml").into_iter().chain(circle) {
        collector.add(&(&object).into()).unwrap();
    }
    let report = examine(&collector.finish(), &Request::default());
    assert!(!report.findings.is_empty(), "a circle is no way");
}
