//! A bundle holds what a diagnosis was made from, and no secret.

use serde_json::json;

use super::*;
use crate::collect::Collector;
use crate::examine::examine;

/// In every place where people put what nobody else may see.
const SECRET: &str = "hunter2-is-no-password";

fn evidence() -> Evidence {
    let objects = [
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s", "namespace": "shop", "annotations": { "note": SECRET } },
            "data": { "token": SECRET }, "stringData": { "key": SECRET } }),
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "istio", "namespace": "istio-system" },
            "data": { "mesh": format!("defaultConfig: {{proxyMetadata: {{TOKEN: {SECRET}}}}}\n"), "other": SECRET } }),
        json!({ "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "p", "namespace": "shop", "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": SECRET, "proxy.istio.io/config": SECRET } },
            "spec": { "containers": [{ "name": "app", "command": [SECRET], "env": [
                { "name": "PASSWORD", "value": SECRET },
                { "name": "HTTPS_PROXY", "value": format!("http://user:{SECRET}@proxy:3128") } ] }] } }),
        json!({ "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": { "name": "v", "namespace": "shop", "uid": "1", "annotations": { "kubectl.kubernetes.io/last-applied-configuration": SECRET } },
            "spec": { "hosts": ["a.example.com"], "http": [{
                "match": [{ "headers": { "authorization": { "exact": SECRET } } }],
                "headers": { "request": { "set": { "authorization": SECRET }, "remove": ["x-forwarded-client-cert"] } },
                "route": [{ "destination": { "host": "a.example.com" }, "headers": { "response": { "add": { "x": SECRET } } } }] }] } }),
        json!({ "apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter",
            "metadata": { "name": "f", "namespace": "shop" },
            "spec": { "configPatches": [{ "applyTo": "HTTP_FILTER", "patch": { "operation": "ADD", "value": {
                "name": "lua", "typed_config": { "inline_code": SECRET } } } }] } }),
        json!({ "apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
            "metadata": { "name": "z", "namespace": "shop" },
            "spec": { "rules": [{ "when": [{ "key": "request.headers[x-token]", "values": [SECRET] }] }] } }),
    ];
    let mut collector = Collector::default();
    for object in objects {
        collector.add(&(&object).into()).unwrap();
    }
    collector.finish()
}

#[test]
fn no_secret_gets_into_a_bundle() {
    let texts = write(&evidence(), &Request::default(), "0.1.0").unwrap();
    for (name, text) in &texts {
        assert!(!text.contains(SECRET), "{name}: {text}");
    }
    let all: String = texts.into_values().collect();
    for kept in ["http://proxy:3128", "x-forwarded-client-cert", "a.example.com", "PASSWORD"] {
        assert_eq!(all.contains(kept), kept != "PASSWORD", "{kept}");
    }
}

#[test]
fn what_was_kept_gives_the_same_findings() {
    let (evidence, request) =
        (evidence(), Request { namespace: Some("shop".to_owned()), ..Request::default() });
    let texts = write(&evidence, &request, "0.1.0").unwrap();
    let (again, asked) = read(&texts).unwrap();
    assert_eq!(asked.namespace, request.namespace);
    assert_eq!(examine(&again, &asked), examine(&evidence, &request));
    assert_eq!(write(&again, &asked, "0.1.0").unwrap(), texts);
}

#[test]
fn what_is_no_bundle_is_told() {
    let mut texts = write(&evidence(), &Request::default(), "0.1.0").unwrap();
    assert!(matches!(read(&Texts::new()), Err(BundleError::Missing(HEAD))));
    texts.insert(GAPS.to_owned(), "5".to_owned());
    assert!(matches!(read(&texts), Err(BundleError::Text { name: GAPS, .. })));
    texts.insert(
        HEAD.to_owned(),
        r#"{"apiVersion":"v2","kind":"Bundle","writtenBy":"","hosts":[]}"#.to_owned(),
    );
    assert!(matches!(read(&texts), Err(BundleError::Version { .. })));
}
