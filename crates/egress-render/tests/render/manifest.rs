//! Objects as files for kubectl.

use egress_core::role::Kind;
use egress_render::escape::is_hidden;
use egress_render::manifest;
use serde::Deserialize;
use serde_json::{Value, json};
use snapbox::{assert_data_eq, file};

use crate::fixtures::{HOSTILE, id, service_entry};

fn objects() -> Vec<Value> {
    let mut second = service_entry("shop", "on", "on.example.com", &[443, 8443]);
    second["metadata"]["annotations"] = json!({
        "a": "on", "b": "yes", "c": "y", "d": "off", "e": "010", "f": "1e3", "g": "1_000", "h": "12:30:45",
        "i": "2024-01-01", "j": "~", "k": "", "l": HOSTILE, "m": "word ".repeat(30), "n": "two\nlines\n",
    });
    second["metadata"]["managedFields"] = json!([{ "manager": "kubectl-egress" }]);
    vec![service_entry("shop", "edition-cnn-com", "edition.cnn.com", &[443]), second]
}

#[test]
fn several_objects_are_several_documents_in_order() {
    assert_data_eq!(manifest::yaml(&objects()).unwrap(), file!["goldens/manifest.yaml"].raw());
}

#[test]
fn yaml_reads_back_as_what_was_written() {
    let text = manifest::yaml(&objects()).unwrap();
    let documents = serde_yaml::Deserializer::from_str(&text);
    let read: Vec<Value> = documents.map(|document| Value::deserialize(document).unwrap()).collect();
    let mut expect = objects();
    expect[1]["metadata"].as_object_mut().unwrap().remove("managedFields");
    assert_eq!(read, expect);
    assert!(!text.replace('\n', "").contains(is_hidden));
}

#[test]
fn one_object_is_shown_as_itself_and_several_as_a_list() {
    assert_eq!(manifest::list(&objects()[..1])["kind"], "ServiceEntry");
    assert_eq!(manifest::list(&objects())["kind"], "List");
    assert_eq!(manifest::list(&[])["items"], json!([]));
    assert_data_eq!(manifest::json(&objects()[..1]).unwrap(), file!["goldens/manifest.json"].raw());
}

#[test]
fn keys_come_in_the_order_that_people_expect() {
    let object = json!({
        "status": {}, "spec": {}, "metadata": { "uid": "u", "annotations": {}, "name": "n" }, "kind": "K",
        "apiVersion": "v1",
    });
    let tidy = manifest::list(&[object]);
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(",");
    assert_eq!(keys(&tidy), "apiVersion,kind,metadata,spec,status");
    assert_eq!(keys(&tidy["metadata"]), "name,annotations,uid");
}

#[test]
fn a_name_is_what_kubectl_takes() {
    let name = manifest::name(&id(Kind::ServiceEntry, "shop", "edition-cnn-com"));
    assert_eq!(name, "serviceentry.networking.istio.io/edition-cnn-com");
}
