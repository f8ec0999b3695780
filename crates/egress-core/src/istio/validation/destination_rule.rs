//! `ValidateDestinationRule`: its host, its subsets, and their TLS and tunnel settings. Does not know connection pools, outlier
//! detection and load balancers.

use std::collections::BTreeSet;

use egress_istio::destination_rule::DestinationRuleSpec;
use serde_json::{Value, json};

use super::names::{self, full_name, is_address, is_label};
use super::rejection::Rejections;
use crate::kubernetes_name::is_qualified_name;
use crate::resource::Resource;

/// A credential that is a ConfigMap of the rule's own namespace.
const CONFIG_MAP: &str = "configmap://";

pub(super) fn check(resource: &Resource, spec: &DestinationRuleSpec, found: &mut Rejections) {
    let namespace = &resource.id.namespace;
    found.extend(|| "spec.host".to_owned(), &spec.host, names::name(&spec.host));
    if let Some(policy) = &spec.traffic_policy {
        of_policy(&json!(policy), namespace, "spec.trafficPolicy", found);
    }
    let mut known = BTreeSet::new();
    for (index, subset) in spec.subsets.iter().flatten().enumerate() {
        let place = format!("spec.subsets[{index}]");
        if !known.insert(&subset.name) {
            found.add(format!("{place}.name"), &subset.name, "another subset has this name");
        }
        if !is_label(&subset.name) {
            let reason = "the name of a subset is letters, digits and `-`, at most 63";
            found.add(format!("{place}.name"), &subset.name, reason);
        }
        for (key, value) in subset.labels.iter().flatten() {
            if !is_qualified_name(&key.to_ascii_lowercase()) || !names::is_tag_value(value) {
                found.add(
                    format!("{place}.labels"),
                    format!("{key}: {value}"),
                    "it is no label of Kubernetes",
                );
            }
        }
        if let Some(policy) = &subset.traffic_policy {
            of_policy(&json!(policy), namespace, &format!("{place}.trafficPolicy"), found);
        }
    }
    let is_for_pods = spec.workload_selector.is_some();
    names::export_to(spec.export_to.as_deref(), namespace, (false, is_for_pods), found);
    let labels = spec.workload_selector.iter().flat_map(|selector| selector.match_labels.iter().flatten());
    names::selector(labels, "spec.workloadSelector.matchLabels", found);
}

/// `validateTrafficPolicy`. The four places of such a policy have types of their own: as JSON they are one.
fn of_policy(policy: &Value, namespace: &str, place: &str, found: &mut Rejections) {
    // An empty list is none to istiod.
    let says_something = |value: &Value| value.as_array().is_none_or(|items| !items.is_empty());
    if !policy.as_object().is_some_and(|fields| fields.values().any(says_something)) {
        found.add(place, "", "a trafficPolicy says something");
        return;
    }
    if !policy["tunnel"].is_null() && !policy["proxyProtocol"].is_null() {
        found.add(place, "", "either tunnel or proxyProtocol, not both");
        return;
    }
    of_tls(&policy["tls"], namespace, &format!("{place}.tls"), found);
    of_tunnel(&policy["tunnel"], &format!("{place}.tunnel"), found);
    let ports = policy["portLevelSettings"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (index, settings) in ports.iter().enumerate() {
        let place = format!("{place}.portLevelSettings[{index}]");
        if settings["port"].is_null() {
            found.add(format!("{place}.port"), "", "settings of a port name the port");
        }
        let kinds = ["outlierDetection", "connectionPool", "loadBalancer", "tls"];
        if kinds.iter().all(|kind| settings[*kind].is_null()) {
            found.add(&place, "", "settings of a port say something");
        }
        of_tls(&settings["tls"], namespace, &format!("{place}.tls"), found);
    }
}

/// `ValidateTLS`.
fn of_tls(tls: &Value, namespace: &str, place: &str, found: &mut Rejections) {
    if tls.is_null() {
        return;
    }
    let text = |field: &str| tls[field].as_str().unwrap_or_default();
    let (mode, credential) = (text("mode"), text("credentialName"));
    let mut add = |field: &str, reason: &str| {
        let value = if tls[field] == json!(true) { "true" } else { text(field) };
        found.add(format!("{place}.{field}"), value, reason);
    };
    if let Some(rest) = credential.strip_prefix(CONFIG_MAP) {
        let mut parts = rest.split('/');
        let (of, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if of != namespace || of.is_empty() || name.is_empty() {
            add("credentialName", "expected `configmap://NAMESPACE/NAME` with the rule's own namespace");
        }
    }
    let names = !tls["subjectAltNames"].is_null();
    if tls["insecureSkipVerify"] == json!(true) {
        let forbidden = match mode {
            "SIMPLE" => !text("caCertificates").is_empty() || !credential.is_empty() || names,
            "MUTUAL" => !text("caCertificates").is_empty() || names,
            _ => false,
        };
        if forbidden {
            add("insecureSkipVerify", "what is not verified needs no CA and no names");
        }
    }
    let of_files = ["clientCertificate", "caCertificates", "privateKey", "caCrl"];
    if ["SIMPLE", "MUTUAL"].contains(&mode) && !credential.is_empty() {
        for field in of_files.iter().filter(|field| !text(field).is_empty()) {
            add(field, "either a credentialName or files, not both");
        }
        return;
    }
    if mode == "MUTUAL" {
        for field in ["clientCertificate", "privateKey"].iter().filter(|field| text(field).is_empty()) {
            add(field, "mode MUTUAL has a client certificate with its key, or a credentialName");
        }
    }
}

/// `validateTunnelSettings`.
fn of_tunnel(tunnel: &Value, place: &str, found: &mut Rejections) {
    if tunnel.is_null() {
        return;
    }
    let protocol = tunnel["protocol"].as_str().unwrap_or_default();
    if !["", "CONNECT", "POST"].contains(&protocol) {
        found.add(format!("{place}.protocol"), protocol, "a tunnel is made by CONNECT or POST");
    }
    let host = tunnel["targetHost"].as_str().unwrap_or_default();
    if !is_address(host) {
        found.extend(|| format!("{place}.targetHost"), host, full_name(host));
    }
    let port = tunnel["targetPort"].as_i64().unwrap_or_default();
    found.extend(|| format!("{place}.targetPort"), port.to_string(), names::port(port));
}
