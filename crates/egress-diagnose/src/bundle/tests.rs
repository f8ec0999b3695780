//! A bundle holds what a diagnosis was made from, and no secret.

use serde_json::json;

use super::*;
use crate::examine::examine;
use crate::facts::collect::Collector;

/// In every place where people put what nobody else may see.
const SECRET: &str = "hunter2-is-no-password";

fn facts() -> ClusterFacts {
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
    let texts = write(&facts(), &Request::default(), "0.1.0").unwrap();
    for (name, text) in &texts {
        assert!(!text.contains(SECRET), "{name}: {text}");
    }
    let all: String = texts.into_values().collect();
    for kept in ["http://proxy:3128", "x-forwarded-client-cert", "a.example.com", "PASSWORD"] {
        assert_eq!(all.contains(kept), kept != "PASSWORD", "{kept}");
    }
}

/// The kind: a secret in any place of an object where people or programs put one.
#[test]
fn no_secret_of_a_request_a_rule_or_a_proxy_gets_into_a_bundle() {
    let in_url = format!("http://u:{SECRET}@proxy:3128/{SECRET}?k={SECRET}#{SECRET}");
    let objects = [
        json!({ "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": { "name": "v", "namespace": "shop", "labels": { "team": SECRET }, "annotations": {
                "note": SECRET, "x.istio.io/y": SECRET, "sidecar.istio.io/userVolume": SECRET,
                "kubectl-egress.github.io/reason": SECRET } },
            "spec": { "hosts": ["edition.cnn.com"], "http": [
                { "name": SECRET,
                  "match": [{ "uri": { "prefix": format!("/hook/{SECRET}") }, "queryParams": { "token": { "exact": SECRET } },
                    "headers": { "x-key": { "exact": SECRET } }, "withoutHeaders": { "x": { "regex": SECRET } } },
                    { "uri": { "regex": format!("/{SECRET}.*") } }],
                  "directResponse": { "status": 200, "body": { "string": SECRET } },
                  "corsPolicy": { "allowOrigins": [{ "exact": SECRET }] },
                  "headers": { "request": { "set": { "authorization": SECRET }, "add": { "x": SECRET } } } },
                { "redirect": { "uri": format!("/x?k={SECRET}"), "authority": SECRET } },
                { "rewrite": { "uri": format!("/{SECRET}"), "uriRegexRewrite": { "match": SECRET, "rewrite": SECRET } },
                  "route": [{ "destination": { "host": "edition.cnn.com" } }] },
            ] } }),
        json!({ "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "p", "namespace": "shop", "annotations": {
                "proxy.istio.io/config": SECRET, "traffic.sidecar.istio.io/x": SECRET,
                "traffic.sidecar.istio.io/excludeOutboundPorts": SECRET } },
            "spec": { "containers": [
                { "name": "c", "image": format!("u:{SECRET}@x"), "args": [SECRET], "env": [
                    { "name": "P", "value": SECRET },
                    { "name": "HTTPS_PROXY", "value": in_url },
                    { "name": "https_proxy", "value": format!("{SECRET}@proxy") },
                    { "name": "all_proxy", "value": format!("http://u:p/{SECRET}@proxy") },
                ] },
                { "name": "istio-proxy", "image": format!("u:{SECRET}@x") },
            ] },
            "status": { "conditions": [{ "type": "PodScheduled", "status": "False", "message": SECRET }] } }),
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s", "namespace": "istio-system" },
            "data": { SECRET: SECRET, "tls.crt": SECRET } }),
        json!({ "apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
            "metadata": { "name": "a", "namespace": "istio-system", "labels": { "team": SECRET } },
            "spec": { "rules": [{
                "when": [{ "key": "request.headers[x]", "values": [SECRET] }, { "key": "experimental.envoy.filters.x", "notValues": [SECRET] }],
                "from": [{ "source": { "requestPrincipals": [SECRET], "notRequestPrincipals": [SECRET] } }],
                "to": [{ "operation": { "paths": [format!("/{SECRET}")], "notPaths": [format!("/{SECRET}/*")] } }],
            }] } }),
        json!({ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": { "name": "r", "namespace": "shop" },
            "spec": { "hostnames": ["a.example.com"], "rules": [{
                "matches": [{ "path": { "type": "PathPrefix", "value": format!("/{SECRET}") },
                    "headers": [{ "name": "x", "value": SECRET }], "queryParams": [{ "name": "t", "value": SECRET }] }],
                "filters": [
                    { "type": "RequestHeaderModifier", "requestHeaderModifier": { "set": [{ "name": "authorization", "value": SECRET }] } },
                    { "type": "RequestRedirect", "requestRedirect": { "hostname": SECRET, "path": { "type": "ReplaceFullPath", "replaceFullPath": SECRET } } },
                    { "type": "URLRewrite", "urlRewrite": { "path": { "type": "ReplacePrefixMatch", "replacePrefixMatch": SECRET } } },
                ] }] } }),
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "istio", "namespace": "istio-system" },
            "data": { "mesh": json!({
                "defaultConfig": { "proxyMetadata": { "TOKEN": SECRET, "ISTIO_META_X": SECRET, "ISTIO_META_DNS_CAPTURE": "true" } },
                "extensionProviders": [{ "name": SECRET }] }).to_string() } }),
    ];
    let mut collector = Collector::default();
    for object in &objects {
        collector.add(&object.into()).unwrap();
    }
    let facts = collector.finish();
    let texts = write(&facts, &Request::default(), "0.1.0").unwrap();
    for (name, text) in &texts {
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("hunter2")).collect();
        assert!(lines.is_empty(), "{name}: {lines:#?}");
    }
    let all: String = texts.values().cloned().collect();
    for kept in ["http://proxy:3128", "edition.cnn.com", "x-key", "tls.crt", "ISTIO_META_DNS_CAPTURE"] {
        assert!(all.contains(kept), "{kept}");
    }
    // What is written once more is the same.
    assert_eq!(write(&read(&texts).unwrap().0, &Request::default(), "0.1.0").unwrap(), texts);
}

/// What matches everything still does, and what is equal still is.
#[test]
fn what_a_rule_matches_can_still_be_compared() {
    let mut value = json!([
        { "uri": { "prefix": "/" } }, { "uri": { "regex": ".*" } }, { "uri": { "regex": "/.*" } },
        { "headers": { ":authority": { "regex": ".*" }, "x": { "regex": ".*" } } },
        { "headers": { ":authority": { "exact": "edition.cnn.com" } } }, { "method": { "exact": "GET" } },
    ]);
    let before = value.clone();
    Redactor::default().redact(&mut value);
    assert_eq!(value, before);
    let mut value = json!([
        { "uri": { "prefix": "/login" } }, { "uri": { "exact": "/login/x" } }, { "uri": { "prefix": "/logout" } },
    ]);
    Redactor::default().redact(&mut value);
    let prefix = value[0]["uri"]["prefix"].as_str().unwrap();
    assert!(value[1]["uri"]["exact"].as_str().unwrap().starts_with(prefix) && prefix.starts_with('/'));
    assert_ne!(value[2]["uri"]["prefix"], value[0]["uri"]["prefix"]);
}

#[test]
fn what_was_kept_gives_the_same_findings() {
    let (facts, request) = (facts(), Request { namespace: Some("shop".to_owned()), ..Request::default() });
    let texts = write(&facts, &request, "0.1.0").unwrap();
    let (again, asked) = read(&texts).unwrap();
    assert_eq!(asked.namespace, request.namespace);
    assert_eq!(examine(&again, &asked), examine(&facts, &request));
    assert_eq!(write(&again, &asked, "0.1.0").unwrap(), texts);
}

#[test]
fn what_is_no_bundle_is_told() {
    let mut texts = write(&facts(), &Request::default(), "0.1.0").unwrap();
    assert!(matches!(read(&Texts::new()), Err(BundleError::Missing(HEAD))));
    texts.insert(GAPS.to_owned(), "5".to_owned());
    assert!(matches!(read(&texts), Err(BundleError::Text { name: GAPS, .. })));
    texts.insert(
        HEAD.to_owned(),
        r#"{"apiVersion":"v2","kind":"Bundle","writtenBy":"","hosts":[]}"#.to_owned(),
    );
    assert!(matches!(read(&texts), Err(BundleError::Version { .. })));
}
