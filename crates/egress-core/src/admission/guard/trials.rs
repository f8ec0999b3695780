//! The requests that try the guard's policies before they bind anybody.
//!
//! Knows one object for each rule that breaks it, and what `add` writes in every layout, which must pass. Knows nothing of
//! how a trial goes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::rule::GuardRule;
use super::scope::Guard;
use crate::admission::Trial;
use crate::dialect;
use crate::host::DnsName;
use crate::intent::{GatewayTls, Intent, Layout};
use crate::metadata::{FIELD_MANAGER, MANAGED_BY, Record};
use crate::names::ChosenNames;
use crate::port::Port;
use crate::role::Kind;
use crate::snapshot::{GatewayFacts, MeshFacts};

/// The host of the trial; `example` is reserved (RFC 2606).
const HOST: &str = "guard.trial.example";
const NAME: &str = "kubectl-egress-guard-trial";

pub(super) fn of(guard: &Guard, namespace: &str, api_version: &str) -> Vec<Trial> {
    let written = written(guard, namespace, api_version);
    let passes = |kind: Kind| {
        let kind = kind.to_string();
        written.iter().filter(|object| object["kind"] == kind.as_str()).cloned().collect::<Vec<_>>()
    };
    let scene = Scene { guard, namespace, api_version };
    guard
        .policies()
        .iter()
        .map(|policy| {
            let resource = policy.resources.first().map(|rule| rule.resource.as_str()).unwrap_or_default();
            let (refused, mut accepted) = match resource {
                "serviceentries" => (scene.entries(), passes(Kind::ServiceEntry)),
                "virtualservices" => (scene.routes(), passes(Kind::VirtualService)),
                "destinationrules" => (scene.rules(), passes(Kind::DestinationRule)),
                "gateways" => (scene.gateways(), passes(Kind::Gateway)),
                "endpointslices" => (vec![slice(namespace, &["192.0.2.1"])], vec![slice(namespace, &[])]),
                _ => (vec![endpoints(namespace, true)], vec![endpoints(namespace, false)]),
            };
            // What lives in a gateway's namespace would need rights there.
            accepted.retain(|object| object["metadata"]["namespace"] == namespace);
            let refused = refused.into_iter().map(|object| {
                let rule = guard.judge(resource, &object).first().copied();
                (object, rule.map(GuardRule::opening).unwrap_or_default())
            });
            policy.trial(refused.collect(), accepted)
        })
        .collect()
}

struct Scene<'a> {
    guard: &'a Guard,
    namespace: &'a str,
    api_version: &'a str,
}

impl Scene<'_> {
    fn object(&self, kind: Kind, spec: &Value) -> Value {
        json!({
            "apiVersion": format!("{}/{}", Kind::GROUP, self.api_version),
            "kind": kind.to_string(),
            "metadata": {"name": NAME, "namespace": self.namespace},
            "spec": spec,
        })
    }

    fn claiming(&self, kind: Kind, spec: &Value) -> Value {
        let mut object = self.object(kind, spec);
        object["metadata"]["labels"][MANAGED_BY] = json!(FIELD_MANAGER);
        object
    }

    fn entries(&self) -> Vec<Value> {
        let entry = |host: String, address: &str| {
            json!({
                "hosts": [host], "location": "MESH_EXTERNAL", "resolution": "DNS",
                "endpoints": [{"address": address}],
                "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
            })
        };
        let own = format!("{HOST}.{}.egress.internal", self.namespace);
        vec![
            self.object(
                Kind::ServiceEntry,
                &entry(format!("{HOST}.another-namespace.egress.internal"), HOST),
            ),
            self.object(Kind::ServiceEntry, &entry(own, "another.trial.example")),
            self.claiming(Kind::ServiceEntry, &entry(HOST.to_owned(), HOST)),
        ]
    }

    fn routes(&self) -> Vec<Value> {
        let route = |host: &str, gateway: &str| {
            json!({
                "hosts": [host], "gateways": [gateway],
                "http": [{"route": [{"destination": {"host": "another.trial.example"}}]}],
            })
        };
        let upstream = format!("{HOST}.another-namespace.egress.internal");
        let mut objects: Vec<Value> = self
            .guard
            .shared_gateways()
            .iter()
            .map(|gateway| self.object(Kind::VirtualService, &route(HOST, gateway)))
            .collect();
        objects.push(self.object(Kind::VirtualService, &route(&upstream, "mesh")));
        objects.push(self.claiming(Kind::VirtualService, &route(HOST, "mesh")));
        objects
    }

    fn rules(&self) -> Vec<Value> {
        let upstream = format!("{HOST}.another-namespace.egress.internal");
        vec![
            self.object(Kind::DestinationRule, &json!({"host": upstream})),
            self.claiming(Kind::DestinationRule, &json!({"host": HOST})),
        ]
    }

    fn gateways(&self) -> Vec<Value> {
        let gateway = |selector: &BTreeMap<&str, &str>| {
            json!({
                "selector": selector,
                "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"}, "hosts": [HOST]}],
            })
        };
        let mut objects: Vec<Value> = self
            .guard
            .gateways
            .iter()
            .map(|guarded| {
                let all = guarded.labels.iter();
                let selector = all.filter_map(|(key, values)| Some((key.as_str(), values.first()?.as_str())));
                self.object(Kind::Gateway, &gateway(&selector.collect()))
            })
            .collect();
        objects.push(self.claiming(Kind::Gateway, &gateway(&[("istio", "none-of-this-name")].into())));
        objects
    }
}

/// What `add` would write in `namespace`, in every layout.
fn written(guard: &Guard, namespace: &str, api_version: &str) -> Vec<Value> {
    let mesh = MeshFacts { cluster_domain: guard.cluster_domain.clone(), ..MeshFacts::default() };
    let mut objects = Vec::new();
    for guarded in &guard.gateways {
        let labels = guarded.labels.iter();
        let selector = labels.filter_map(|(key, values)| Some((key.clone(), values.first()?.clone())));
        let gateway = GatewayFacts::assumed(guarded.name.clone(), selector.collect());
        for layout in Layout::ALL {
            let Ok(host) = DnsName::parse(HOST) else { continue };
            let record = Record {
                intent: Intent {
                    host,
                    ports: BTreeSet::from([Port::HTTP, Port::TLS]),
                    namespace: namespace.to_owned(),
                    gateway: guarded.name.clone(),
                    layout,
                    hop: GatewayTls::Mtls,
                    export_to: vec![".".to_owned()],
                    reason: None,
                },
                names: ChosenNames::default(),
                added_at: None,
                added_by: None,
            };
            let parts = dialect::build(&record, &gateway, &mesh).unwrap_or_default();
            objects.extend(parts.iter().filter_map(|part| part.resource.to_json(api_version).ok()));
        }
    }
    objects
}

fn slice(namespace: &str, addresses: &[&str]) -> Value {
    let endpoints: Vec<Value> =
        if addresses.is_empty() { Vec::new() } else { vec![json!({"addresses": addresses})] };
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {"name": NAME, "namespace": namespace}, "endpoints": endpoints, "ports": [],
    })
}

fn endpoints(namespace: &str, filled: bool) -> Value {
    let subsets = if filled {
        json!([{"addresses": [{"ip": "192.0.2.1"}], "ports": [{"port": 80}]}])
    } else {
        json!([])
    };
    json!({
        "apiVersion": "v1", "kind": "Endpoints",
        "metadata": {"name": NAME, "namespace": namespace}, "subsets": subsets,
    })
}
