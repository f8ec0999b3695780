//! Tests of facts from texts, and of the lines of fields.

use egress_core::input::{Gap, Input};
use serde::Deserialize as _;
use serde_json::Value;

use super::*;
use crate::examine::{Options, examine_with};
use crate::facts::Request;
use crate::finding::{Code, Place, SourceLine};
use crate::report::CheckVerdict;

const ENTRY: &str = "apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: cnn
spec:
  hosts:
  - edition.cnn.com
  ports:
  - number: 443
    name: tls
    protocol: TLS
";

fn files(text: &str) -> [SourceFile; 1] {
    [SourceFile { name: "shop.yaml".to_owned(), text: text.to_owned() }]
}

fn read(text: &str) -> ParsedFiles {
    let files = files(text);
    let mut reader = SourceReader::new(&files, "shop", 0);
    for document in documents(text) {
        reader.read(0, &document);
    }
    reader.finish()
}

fn line(text: &str, field: &str) -> Option<usize> {
    let reading = read(text);
    assert_eq!(reading.unread, []);
    let mut place = Place::new("ServiceEntry", Some("shop"), "cnn").field(field, "");
    reading.places.locate(&files(text), std::iter::once(&mut place));
    place.source.map(|SourceLine { line, .. }| line)
}

/// A List as `kubectl get -o yaml` prints it.
fn list(first: &str, second: &str) -> String {
    let item = |text: &str| {
        let indented: Vec<String> = text.lines().map(|line| format!("  {line}\n")).collect();
        format!("- {}", indented.concat().trim_start())
    };
    format!(
        "apiVersion: v1\nitems:\n{}{}kind: List\nmetadata:\n  resourceVersion: \"\"\n",
        item(first),
        item(second)
    )
}

#[test]
fn documents_are_split_at_every_kind_of_separator() {
    let second = ENTRY.replace("cnn", "bbc");
    for text in [
        format!("{ENTRY}---\n{second}"),
        format!("---\n{ENTRY}--- # the next\n{second}---\n"),
        format!("%YAML 1.2\n---\n{ENTRY}...\n---\n{second}...\n"),
        format!("\u{feff}# Source: chart/templates/entry.yaml\n{ENTRY}---\n# nothing\n---\n{second}"),
        format!("{ENTRY}---\n{second}").replace('\n', "\r\n"),
        list(ENTRY, &second),
        list(ENTRY, &second).replace('\n', "\r\n"),
    ] {
        let reading = read(&text);
        assert_eq!(reading.unread, [], "{text}");
        let names: Vec<&str> =
            reading.facts.snapshot.resources.iter().map(|resource| resource.id.name.as_str()).collect();
        assert_eq!(names, ["cnn", "bbc"], "{text}");
    }
}

#[test]
fn json_is_read_as_one_object_as_several_and_as_a_list() {
    let object: Value = serde_yaml::from_str(ENTRY).unwrap();
    let list = serde_json::json!({ "apiVersion": "v1", "items": [object, object], "kind": "List" });
    for (text, objects) in
        [(object.to_string(), 1), (format!("{object}\n{object:#}\n"), 2), (format!("{list:#}"), 2)]
    {
        let reading = read(&text);
        assert_eq!(reading.unread, []);
        assert_eq!((reading.objects, reading.facts.snapshot.resources.len()), (objects, 1), "{text}");
    }
}

#[test]
fn a_field_is_found_in_every_form() {
    let object: Value = serde_yaml::from_str(ENTRY).unwrap();
    let other = ENTRY.replace("cnn", "bbc");
    let json = serde_json::json!({ "apiVersion": "v1", "items": [object], "kind": "List" });
    for (text, expected) in [
        (ENTRY.to_owned(), "protocol: TLS"),
        (format!("# a\n---\n{other}---\n# b\n{ENTRY}"), "protocol: TLS"),
        (list(&other, ENTRY), "protocol: TLS"),
        (format!("{json:#}"), "\"protocol\": \"TLS\""),
    ] {
        let line = line(&text, "spec.ports[0].protocol").unwrap();
        assert_eq!(text.lines().nth(line - 1).unwrap().trim(), expected, "{text}");
        let last = text.lines().enumerate().filter(|(_, text)| text.trim() == expected).last().unwrap();
        assert_eq!(line, last.0 + 1, "{text}");
    }
}

#[test]
fn the_line_of_a_missing_field_is_that_of_its_parent() {
    assert_eq!(line(ENTRY, "spec.exportTo"), Some(5));
    assert_eq!(line(ENTRY, "spec.ports[].number"), Some(8));
    assert_eq!(line(ENTRY, "metadata.annotations[example.com/x]"), Some(3));
    assert_eq!(line(ENTRY, "status"), Some(1));
    assert_eq!(line(ENTRY, "spec.ports["), Some(8));
}

#[test]
fn a_wrong_type_is_reported_with_its_field_and_line() {
    let reading = read(&ENTRY.replace("number: 443", "number: [443]"));
    assert_eq!(reading.unread.len(), 1);
    assert_eq!(reading.unread[0].what, "shop.yaml:9");
    assert!(reading.unread[0].why.contains("spec.ports[0].number"), "{:?}", reading.unread);
}

#[test]
fn the_later_of_two_objects_with_one_name_counts_as_with_kubectl_apply() {
    let later = ENTRY.replace("edition.cnn.com", "cnn.com");
    let reading = read(&format!("{ENTRY}---\n{later}"));
    let [resource] = reading.facts.snapshot.resources.as_slice() else { panic!("one object") };
    assert_eq!(resource.service_entry().unwrap().hosts, ["cnn.com"]);
}

/// With another label, or another content where facts have no labels.
fn changed(object: &Value) -> Value {
    let mut object = object.clone();
    object["metadata"]["labels"]["changed"] = "yes".into();
    match object["kind"].as_str().unwrap() {
        "Deployment" | "StatefulSet" => object["spec"]["replicas"] = 7.into(),
        "DaemonSet" => object["spec"]["template"]["metadata"]["labels"]["changed"] = "yes".into(),
        "Secret" => object["data"]["changed"] = "".into(),
        kind if kind.ends_with("WebhookConfiguration") => {
            object["webhooks"][0]["name"] = "changed.istio.io".into();
        }
        "ConfigMap" => object["metadata"]["annotations"]["kubectl-egress.github.io/accept"] = "EG018".into(),
        _ => {}
    }
    object
}

/// Of the kind: a rule that holds for some kinds of objects and not for others.
#[test]
fn the_later_of_two_objects_counts_whatever_its_kind_and_whoever_reads_it() {
    let facts = |documents: &[&Value], readers: usize| {
        let texts: Vec<String> = documents.iter().map(ToString::to_string).collect();
        let files = texts.iter().map(|text| SourceFile { name: "shop.yaml".to_owned(), text: text.clone() });
        let files: Vec<SourceFile> = files.collect();
        let mut all: Vec<_> = (0..readers).map(|_| SourceReader::new(&files, "shop", 0)).collect();
        for (number, text) in texts.iter().enumerate() {
            all[number % readers].read(number, &super::documents(text)[0]);
        }
        let whole = all.into_iter().reduce(|mut whole, later| {
            whole.append(later);
            whole
        });
        let read = whole.unwrap().finish();
        assert_eq!(read.unread, [], "{texts:?}");
        serde_json::to_value((&read.facts.snapshot, &read.facts.related_resources)).unwrap()
    };
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: client, namespace: shop}\ndata: {tls.crt: ''}\n";
    let texts = [
        include_str!("../../../../../tests/facts/cluster.yaml"),
        include_str!("../../../../../tests/facts/istio.yaml"),
        include_str!("../../../../../tests/facts/related.yaml"),
        secret,
    ];
    for document in texts.iter().flat_map(|text| serde_yaml::Deserializer::from_str(text)) {
        let object = Value::deserialize(document).unwrap();
        let other = changed(&object);
        assert_ne!(facts(&[&object], 1), facts(&[&other], 1), "{object}");
        for readers in [1, 2] {
            assert_eq!(facts(&[&other, &object], readers), facts(&[&object], 1), "{object}");
            assert_eq!(facts(&[&object, &other], readers), facts(&[&other], 1), "{object}");
        }
    }
}

#[test]
fn an_object_without_a_namespace_gets_the_requested_namespace() {
    assert_eq!(read(ENTRY).facts.snapshot.resources[0].id.namespace, "shop");
}

#[test]
fn a_document_that_is_no_object_is_reported() {
    for text in ["- a\n- b\n", "just words\n", "a: b\n", "kind: List\napiVersion: v1\nitems: 5\n"] {
        assert!(!read(text).unread.is_empty(), "{text}");
    }
}

/// The objects of Istio's task for one HTTP host. The Gateway object has this selector.
fn task(selector: &str) -> String {
    let service = "istio-egressgateway.istio-system.svc.cluster.local";
    let object = |kind: &str, name: &str, spec: &str| {
        format!(
            "apiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n---\n"
        )
    };
    [
        object(
            "ServiceEntry",
            "cnn",
            "{hosts: [edition.cnn.com], ports: [{number: 80, name: http, protocol: HTTP}], resolution: DNS}",
        ),
        object(
            "Gateway",
            "istio-egressgateway",
            &format!(
                "{{selector: {{istio: {selector}}}, servers: \
                 [{{port: {{number: 80, name: http, protocol: HTTP}}, hosts: [edition.cnn.com]}}]}}"
            ),
        ),
        object("DestinationRule", "cnn", &format!("{{host: {service}, subsets: [{{name: cnn}}]}}")),
        object(
            "VirtualService",
            "cnn",
            &format!(
                "{{hosts: [edition.cnn.com], gateways: [istio-egressgateway, mesh], http: [\
                 {{match: [{{gateways: [mesh], port: 80}}], \
                 route: [{{destination: {{host: {service}, subset: cnn, port: {{number: 80}}}}}}]}}, \
                 {{match: [{{gateways: [istio-egressgateway], port: 80}}], \
                 route: [{{destination: {{host: edition.cnn.com, port: {{number: 80}}}}}}]}}]}}"
            ),
        ),
    ]
    .concat()
}

/// A check must not compare an object with a gateway that was assumed from the same object.
#[test]
fn a_selector_is_not_compared_with_labels_that_were_assumed_from_it() {
    for selector in ["egressgateway", "egressgatewy"] {
        let mut reading = read(&task(selector));
        assert_eq!(reading.assume_gateways().len(), 1);
        let options = Options { every_line: true, ..Options::default() };
        let report = examine_with(&reading.facts, &Request::default(), &options);
        let lines = report.sections.iter().flat_map(|section| &section.checks);
        let verdicts: Vec<&CheckVerdict> =
            lines.filter(|line| line.code == Code(1)).map(|line| &line.verdict).collect();
        assert!(matches!(verdicts.as_slice(), [CheckVerdict::NotChecked { .. }]), "{selector}: {verdicts:?}");
    }
}

/// Of the kind: what is not there is told apart from what was not given.
#[test]
fn services_without_an_egress_gateway_are_all_that_can_be_given() {
    let missing = |text: &str| {
        let mut reading = read(text);
        reading.assume_gateways();
        reading.facts.gaps.get(&Input::Gateways).cloned()
    };
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n---\n";
    assert_eq!(missing(service), None);
    assert_eq!(missing(&format!("{service}{}", task("egressgateway"))), Some(Gap::NotGiven));
    assert_eq!(missing(&task("egressgateway")), Some(Gap::NotGiven));
    assert_eq!(missing("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"), Some(Gap::NotGiven));
}
