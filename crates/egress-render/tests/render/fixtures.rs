//! Small values that the goldens are made from.

use std::collections::BTreeSet;

use egress_core::inventory::{self, ChangedObject, State};
use egress_core::plan::{Action, Plan, Step};
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::{Kind, Role};
use egress_render::inventory::ListRow;
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn id(kind: Kind, namespace: &str, name: &str) -> ObjectId {
    ObjectId { kind, namespace: namespace.to_owned(), name: name.to_owned() }
}

/// What a terminal would obey, as an annotation may hold it.
pub(crate) const HOSTILE: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\r\u{9b}31mred\n\u{202e}";

pub(crate) fn row(namespace: &str, host: &str, state: State) -> ListRow {
    let name = host.replace('.', "-");
    let egress = inventory::EgressRow {
        namespace: namespace.to_owned(),
        host: host.to_owned(),
        ports: vec!["80/HTTP".to_owned(), "443/TLS".to_owned()],
        gateway: Some("istio-system/istio-egressgateway".parse().unwrap()),
        nodes: BTreeSet::from(["infra-1".to_owned(), "infra-2".to_owned()]),
        state,
        created: Some("2026-02-26T08:00:00Z".parse().unwrap()),
        layout: Some("shared".parse().unwrap()),
        hop: Some("mtls".parse().unwrap()),
        open_to: vec!["HTTP: any pod with a certificate of the mesh".to_owned(), "TLS: any pod".to_owned()],
        objects: vec![
            id(Kind::ServiceEntry, namespace, &format!("{name}-upstream")),
            id(Kind::VirtualService, namespace, &format!("{name}-gateway")),
            id(Kind::VirtualService, namespace, &name),
            id(Kind::ServiceEntry, namespace, &name),
        ],
        reason: Some("TICKET-7".to_owned()),
        added_by: Some("ann".to_owned()),
        policies: Vec::new(),
        why: None,
        outdated: Vec::new(),
        earlier: Vec::new(),
    };
    ListRow { egress, placement_violations: None }
}

/// One row per state, and one that holds what a terminal would obey.
pub(crate) fn rows() -> Vec<ListRow> {
    let missing = vec![
        id(Kind::ServiceEntry, "shop", "api-github-com"),
        id(Kind::Gateway, "istio-system", "kubectl-egress-istio-egressgateway"),
    ];
    let change = |managers: &[&str]| ChangedObject {
        object: id(Kind::VirtualService, "shop", "example-com"),
        managers: managers.iter().map(|manager| (*manager).to_owned()).collect(),
    };
    let mut foreign = row("billing", "hand.made.org", State::Foreign);
    foreign.egress.ports = vec!["8443/TLS".to_owned()];
    (foreign.egress.gateway, foreign.egress.layout, foreign.egress.hop) = (None, None, None);
    (foreign.egress.nodes, foreign.egress.reason, foreign.egress.added_by) = (BTreeSet::new(), None, None);
    foreign.egress.created = None;
    foreign.egress.objects.truncate(1);
    let mut hostile = row("shop", "www.example.org", State::Ready);
    (hostile.egress.reason, hostile.egress.added_by) = (Some(HOSTILE.to_owned()), Some(HOSTILE.to_owned()));
    hostile.egress.nodes =
        ["ip-10-0-1-23.ec2.internal", "ip-10-0-2-7.ec2.internal"].map(str::to_owned).into();
    vec![
        foreign,
        row("shop", "edition.cnn.com", State::Ready),
        row("shop", "api.github.com", State::Incomplete { missing: missing[..1].to_vec() }),
        row("shop", "a.example.com", State::Incomplete { missing }),
        row("shop", "example.com", State::Changed { changes: vec![change(&["kubectl-edit", "argocd"])] }),
        row("shop", "b.example.com", State::Changed { changes: vec![change(&[])] }),
        hostile,
    ]
}

pub(crate) fn service_entry(namespace: &str, name: &str, host: &str, ports: &[u16]) -> Value {
    let ports: Vec<Value> = ports
        .iter()
        .map(|number| json!({ "name": format!("tls-{number}"), "number": number, "protocol": "TLS" }))
        .collect();
    json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": { "app.kubernetes.io/managed-by": "kubectl-egress" },
            "annotations": { "kubectl-egress.github.io/host": host },
        },
        "spec": { "exportTo": ["."], "hosts": [host], "ports": ports, "resolution": "DNS" },
    })
}

pub(crate) fn resource(object: &Value) -> Resource {
    Resource::from_json(object).unwrap()
}

pub(crate) fn step(role: Role, object: Resource, action: Option<Action>) -> Step {
    Step { role, object, action, proof: None }
}

pub(crate) fn plan(host: &str, namespace: &str, steps: Vec<Step>) -> Plan {
    Plan { host: host.parse().unwrap(), namespace: namespace.to_owned(), steps }
}

/// One host that is created, one that is widened, one that goes, one that stays.
pub(crate) fn plans() -> Vec<Plan> {
    let entry = |namespace, name, host, ports: &[u16]| resource(&service_entry(namespace, name, host, ports));
    let pair = || entry("istio-system", "kubectl-egress-pair", "pair.example.com", &[443]);
    let mut edited = service_entry("shop", "api-github-com", "api.github.com", &[443]);
    edited["metadata"]["annotations"]["owner"] = json!("team-a");
    edited["metadata"]["annotations"]["kubectl-egress.github.io/reason"] = json!(HOSTILE);
    let widened = entry("shop", "api-github-com", "api.github.com", &[443, 8443]);
    vec![
        plan(
            "edition.cnn.com",
            "shop",
            vec![
                step(Role::SharedGateway, pair(), Some(Action::Create)),
                step(
                    Role::Client,
                    entry("shop", "edition-cnn-com", "edition.cnn.com", &[443]),
                    Some(Action::Create),
                ),
            ],
        ),
        plan(
            "api.github.com",
            "shop",
            vec![
                step(Role::SharedGateway, pair(), Some(Action::Create)),
                step(Role::Client, widened, Some(Action::Update(Box::new(resource(&edited))))),
            ],
        ),
        plan(
            "old.example.com",
            "billing",
            vec![step(
                Role::Client,
                entry("billing", "old-example-com", "old.example.com", &[443]),
                Some(Action::Delete),
            )],
        ),
        plan(
            "same.example.com",
            "billing",
            vec![step(Role::Client, entry("billing", "same-example-com", "same.example.com", &[443]), None)],
        ),
    ]
}
