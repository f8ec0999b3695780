//! A cluster as data, for tests: two gateway pods, callers, and objects typed as YAML.

use std::collections::BTreeMap;

use egress_core::dialect::{self, Part};
use egress_core::index::Index;
use egress_core::intent::{GatewayName, GatewayTls, Intent, Layout};
use egress_core::metadata::Record;
use egress_core::names::ChosenNames;
use egress_core::plan::{self, Action, Plan, Step};
use egress_core::resource::{Live, Resource};
use egress_core::snapshot::{GatewayFacts, NamespaceFacts, PodFacts, Snapshot};
use egress_core::target::Target;
use serde::Deserialize;

/// A request for a host of namespace `shop`, as `add HOST -n shop` makes it.
pub(crate) fn request(host: &str) -> Record {
    let target: Target = host.parse().expect("a host");
    Record {
        intent: Intent {
            host: target.host,
            ports: target.ports,
            namespace: "shop".to_owned(),
            gateway: gateway().name,
            layout: Layout::Shared,
            hop: GatewayTls::Mtls,
            export_to: vec![".".to_owned()],
            reason: None,
        },
        names: ChosenNames::default(),
        added_at: "2026-11-22T12:00:00Z".parse().ok(),
        added_by: Some("jane".to_owned()),
    }
}

/// The same in another layout.
pub(crate) fn in_layout(layout: Layout, host: &str) -> Record {
    let mut record = request(host);
    record.intent.layout = layout;
    record
}

/// A request in every layout.
pub(crate) fn in_every_layout(host: &str) -> Vec<Record> {
    Layout::ALL.into_iter().map(|layout| in_layout(layout, host)).collect()
}

/// The same in the documented layout.
pub(crate) fn documented(host: &str) -> Record {
    in_layout(Layout::Documented, host)
}

/// The objects of a request.
pub(crate) fn parts(record: &Record) -> Vec<Part> {
    let snapshot = snapshot(&[]);
    let gateway = snapshot.gateway(&record.intent.gateway).expect("the gateway of the snapshot");
    dialect::build(record, gateway, &snapshot.mesh).expect("a request that the layout can fulfil")
}

/// The plan of `add` for a request, held against a cluster.
pub(crate) fn added(record: &Record, cluster: &Snapshot) -> Plan {
    planned(record, &parts(record), cluster)
}

/// The same for these objects.
pub(crate) fn planned(record: &Record, parts: &[Part], cluster: &Snapshot) -> Plan {
    plan::add::plan(&record.intent, parts, &Index::of(cluster).without([]))
}

/// The stock gateway with two ready pods.
pub(crate) fn gateway() -> GatewayFacts {
    let stock = GatewayFacts::stock();
    let pod = |number: u8| PodFacts {
        namespace: "istio-system".to_owned(),
        name: format!("istio-egressgateway-{number}"),
        labels: stock.selector.clone(),
        node: Some(format!("infra-{}", number + 1)),
        ready: true,
        has_sidecar: false,
        ..PodFacts::default()
    };
    GatewayFacts { pods: vec![pod(0), pod(1)], assumed: false, ..stock.clone() }
}

/// Another gateway, in namespace `egress`.
pub(crate) fn other_gateway() -> GatewayName {
    GatewayName { namespace: "egress".to_owned(), service: "partner-gateway".to_owned() }
}

/// A cluster with these objects, the gateways, and a caller in `shop` and in `billing`.
pub(crate) fn snapshot(resources: &[Resource]) -> Snapshot {
    let caller = |namespace: &str| PodFacts {
        namespace: namespace.to_owned(),
        name: "client".to_owned(),
        labels: BTreeMap::from([("app".to_owned(), "client".to_owned())]),
        node: Some("app-1".to_owned()),
        ready: true,
        has_sidecar: true,
        ..PodFacts::default()
    };
    let other = GatewayFacts {
        assumed: false,
        ..GatewayFacts::assumed(other_gateway(), BTreeMap::from([("istio".to_owned(), "partner".to_owned())]))
    };
    Snapshot {
        gateways: vec![gateway(), other],
        resources: resources.to_vec(),
        pods: vec![caller("shop"), caller("billing")],
        namespaces: ["billing", "egress", "istio-system", "shop"]
            .map(|name| NamespaceFacts { name: name.to_owned(), ..NamespaceFacts::default() })
            .to_vec(),
        ..Snapshot::default()
    }
}

/// The objects of a request as they stand in a cluster.
pub(crate) fn stored(record: &Record) -> Vec<Resource> {
    parts(record).into_iter().map(|part| live(part.resource)).collect()
}

/// An object as it stands in a cluster.
pub(crate) fn live(mut resource: Resource) -> Resource {
    let uid = format!("{}/{}", resource.id.kind, resource.id.name);
    resource.live = Some(Live { uid, resource_version: "1".to_owned(), ..Live::default() });
    resource
}

/// What one step leaves behind.
pub(crate) fn take(step: &Step, cluster: &mut Snapshot) {
    let id = &step.object.id;
    match &step.action {
        None => {}
        Some(Action::Create) => {
            assert!(cluster.find(id).is_none(), "creates {id}, which exists");
            cluster.resources.push(live(step.object.clone()));
        }
        Some(Action::Update(over) | Action::Narrow(over)) => {
            let found = cluster.resources.iter_mut().find(|found| found.id == *id);
            let found = found.unwrap_or_else(|| panic!("updates {id}, which does not exist"));
            assert_eq!(found.spec, over.spec, "updates {id} over something else than is there");
            *found = live(step.object.clone());
        }
        Some(Action::Delete) => {
            assert!(cluster.find(id).is_some(), "deletes {id}, which does not exist");
            cluster.resources.retain(|found| found.id != *id);
        }
    }
}

/// Objects typed as YAML, as `kubectl get -o yaml` shows them.
pub(crate) fn objects(yaml: &str) -> Vec<Resource> {
    let documents = serde_yaml::Deserializer::from_str(yaml);
    let values = documents.map(|document| serde_json::Value::deserialize(document).expect("YAML"));
    values.map(|value| live(Resource::from_json(&value).expect("an object of Istio"))).collect()
}
