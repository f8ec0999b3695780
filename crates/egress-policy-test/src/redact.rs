//! Removes confidential values from a request. Equal values get equal replacements.
//!
//! Knows which field holds which kind of value. The reason is free text that may contain names: it is replaced with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use egress_policy::request::Request;

/// Which values are replaced.
#[derive(Clone, Copy, Debug, Default)]
pub struct Redaction {
    /// Names of hosts.
    pub hosts: bool,
    /// Values of labels.
    pub labels: bool,
    /// Names of namespaces, nodes, gateways, clusters and people; addresses, taints and reasons.
    pub names: bool,
}

impl Redaction {
    /// The request with replacements.
    pub fn redact(self, request: &Request) -> Request {
        let mut request = request.clone();
        if self.hosts {
            let mut words = Words::new("host");
            let hosts = request.destinations.iter_mut().map(|destination| &mut destination.host);
            for host in
                hosts.chain(Arc::make_mut(&mut request.existing).iter_mut().map(|egress| &mut egress.host))
            {
                let name = words.instead_of(host.trim_start_matches("*."));
                *host = if host.starts_with("*.") {
                    format!("*.{name}.example")
                } else {
                    format!("{name}.example")
                };
            }
        }
        if self.labels {
            let mut words = Words::new("value");
            let nodes =
                Arc::make_mut(&mut request.nodes).iter_mut().flat_map(|node| node.labels.values_mut());
            for value in request.namespace_labels.values_mut().chain(nodes).filter(|value| !value.is_empty())
            {
                *value = words.instead_of(value);
            }
        }
        if self.names {
            names(&mut request);
        }
        request
    }
}

fn names(request: &mut Request) {
    let mut words = Words::new("namespace");
    request.namespace = words.instead_of(&request.namespace);
    let shared = request.export_to.iter_mut().filter(|name| !matches!(name.as_str(), "." | "*"));
    for name in
        shared.chain(Arc::make_mut(&mut request.existing).iter_mut().map(|egress| &mut egress.namespace))
    {
        *name = words.instead_of(name);
    }
    let mut words = Words::new("gateway");
    for gateway in
        Arc::make_mut(&mut request.existing).iter_mut().filter_map(|egress| egress.gateway.as_mut())
    {
        *gateway = format!("gateways/{}", words.instead_of(gateway));
    }
    let mut words = Words::new("node");
    for node in Arc::make_mut(&mut request.nodes) {
        let name = words.instead_of(&node.name);
        // Kubernetes repeats the name of a node in a label.
        for value in node.labels.values_mut().filter(|value| **value == node.name) {
            value.clone_from(&name);
        }
        node.name = name;
        node.addresses.clear();
        node.taints.clear();
    }
    let mut words = Words::new("group");
    for group in &mut request.groups {
        *group = words.instead_of(group);
    }
    request.user = request.user.as_ref().map(|_| "user-1".to_owned());
    request.justification = request.justification.as_ref().map(|_| "a reason".to_owned());
    "test".clone_into(&mut request.cluster);
}

/// Replacements of one kind, numbered in the order of use.
struct Words {
    kind: &'static str,
    known: BTreeMap<String, usize>,
}

impl Words {
    fn new(kind: &'static str) -> Self {
        Words { kind, known: BTreeMap::new() }
    }

    fn instead_of(&mut self, word: &str) -> String {
        let next = self.known.len() + 1;
        let number = *self.known.entry(word.to_owned()).or_insert(next);
        format!("{}-{number}", self.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::RequestText;
    use egress_core::yaml;

    #[test]
    fn no_word_that_was_redacted_is_left() {
        let text = "
destinations: [{host: secret-api.acme.com}, {host: secret-api.acme.com, port: 80}, {host: '*.secret.io'}]
namespace: secret-shop
namespace-labels: {team: secret-team}
export-to: [secret-shop, '.']
justification: secret ticket
cluster: secret-cluster
user: secret-user
groups: [secret-group]
nodes: [{name: secret-node, labels: {hostname: secret-node, zone: secret-zone}, addresses: [10.0.0.1], taints: ['a=secret:NoSchedule']}]
existing: [{namespace: secret-shop, host: secret-api.acme.com, gateway: secret/gateway, managed: true}]
";
        let request: RequestText = yaml::from_str(text).unwrap();
        let request = request.resolve(&BTreeMap::new()).unwrap();
        let redacted = Redaction { hosts: true, labels: true, names: true }.redact(&request);

        let written = serde_json::to_string(&redacted).unwrap();
        assert!(!written.contains("secret") && !written.contains("10.0.0.1"), "{written}");
        let hosts: Vec<_> = redacted.destinations.iter().map(|one| one.host.as_str()).collect();
        assert_eq!(hosts, ["host-1.example", "host-1.example", "*.host-2.example"]);
        assert_eq!(redacted.existing[0].namespace, redacted.namespace, "the same word, the same other one");
        assert_eq!(Redaction::default().redact(&request), request);
    }
}
