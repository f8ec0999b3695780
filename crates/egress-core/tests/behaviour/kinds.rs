//! Objects of kinds that no layout has: planned, compared, found by their host and removed like those that layouts have.

use egress_core::dialect::Part;
use egress_core::index::Index;
use egress_core::intent::Layout;
use egress_core::inventory::{Egress, LivePart, impostors};
use egress_core::metadata;
use egress_core::plan::{self, Action, Plan};
use egress_core::removal_impact::RemovalImpact;
use egress_core::resource::{ObjectId, Resource, Spec};
use egress_core::role::Role;
use egress_core::snapshot::Snapshot;
use serde_json::{Value, json};

use crate::fixture::{live, parts, planned, request, snapshot, take};

const HOST: &str = "edition.cnn.com";

/// The parts that need no routes: nothing is proven by those of the object.
const ROLES: [Role; 2] = [Role::Upstream, Role::Client];

fn objects() -> [Value; 2] {
    let metadata = json!({"name": "edition-cnn-com", "namespace": "shop"});
    [
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata,
            "spec": {"podSelector": {"matchLabels": {"app": "client"}}, "policyTypes": ["Egress"]},
        }),
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": metadata,
            "spec": {"hostnames": [HOST], "parentRefs": [{"name": "egress"}]},
        }),
    ]
}

/// The objects of a host in the shared layout, with this one in the place of the one that plays the part.
fn with(role: Role, object: &Value) -> Vec<Part> {
    let mut parts = parts(&request(HOST));
    let place = parts.iter_mut().find(|part| part.role == role).unwrap();
    let Resource { id, spec, .. } = Resource::from_json(object).unwrap();
    place.resource = Resource { id, spec, ..place.resource.clone() };
    parts
}

fn of_role(parts: &[Part], role: Role) -> &Resource {
    &parts.iter().find(|part| part.role == role).unwrap().resource
}

fn added(parts: &[Part], cluster: &Snapshot) -> Plan {
    planned(&request(HOST), parts, cluster)
}

/// What the objects of the host amount to. The inventory takes one whose role is of another kind for a stranger's.
fn egress(cluster: &Snapshot) -> Egress<'_> {
    let found = Index::of(cluster).without([]).labelled("shop", HOST);
    let part = |resource| LivePart { role: metadata::role(resource).unwrap(), resource };
    Egress {
        namespace: "shop".to_owned(),
        host: request(HOST).intent.host,
        parts: found.into_iter().map(part).collect(),
        record: None,
        layout: Some(Layout::Shared),
        gateway: None,
        why: None,
    }
}

fn every_case(test: impl Fn(Role, &Value)) {
    for object in objects() {
        for role in ROLES {
            test(role, &object);
        }
    }
}

#[test]
fn any_kind_of_object_is_planned_in_its_place_and_only_once() {
    every_case(|role, object| {
        let (parts, mut cluster) = (with(role, object), snapshot(&[]));
        let plan = added(&parts, &cluster);
        let written = |plan: &Plan| plan.writes().map(|(step, _)| step.object.id.clone()).collect::<Vec<_>>();
        assert_eq!(written(&plan), parts.iter().map(|part| part.resource.id.clone()).collect::<Vec<_>>());
        assert!(plan.writes().all(|(_, action)| *action == Action::Create), "{plan:?}");
        for step in &plan.steps {
            take(step, &mut cluster);
        }
        assert!(added(&parts, &cluster).is_empty(), "{role}: the second add writes");
    });
}

#[test]
fn any_kind_of_object_is_compared_by_what_was_asked_for() {
    every_case(|role, object| {
        let parts = with(role, object);
        let stored = |spec: &dyn Fn(&mut Value)| {
            let mut found: Vec<Resource> = parts.iter().map(|part| live(part.resource.clone())).collect();
            let one = found.iter_mut().find(|found| found.id == of_role(&parts, role).id).unwrap();
            let Spec::Untyped(value) = &mut one.spec else { panic!("{role} has a type") };
            spec(value);
            snapshot(&found)
        };
        let filled_in = stored(&|spec| spec["filledIn"] = json!("by the server"));
        assert!(added(&parts, &filled_in).is_empty());

        let changed = stored(&|spec| *spec = json!({"filledIn": "instead of what was asked for"}));
        let plan = added(&parts, &changed);
        let writes: Vec<_> = plan.writes().collect();
        let [(step, Action::Update(found))] = writes[..] else { panic!("{writes:?}") };
        assert_eq!(&step.object, of_role(&parts, role));
        assert_eq!(changed.find(&step.object.id), Some(&**found));
    });
}

#[test]
fn any_kind_of_object_is_found_by_its_host_and_removed_in_its_place() {
    every_case(|role, object| {
        let parts = with(role, object);
        let found: Vec<Resource> = parts.iter().map(|part| live(part.resource.clone())).collect();
        let mut cluster = snapshot(&found);
        let ours = |parts: &[Part]| -> Vec<ObjectId> {
            let of_host = parts.iter().filter(|part| !part.role.is_of_pair());
            of_host.map(|part| part.resource.id.clone()).collect()
        };
        assert_eq!(egress(&cluster).row(&Index::of(&cluster)).objects, ours(&parts));

        let plan = plan::remove::plan(&egress(&cluster), &parts, &RemovalImpact::of(&[], &cluster));
        let deleted: Vec<ObjectId> = plan.writes().map(|(step, _)| step.object.id.clone()).collect();
        assert_eq!(deleted, ours(&parts).into_iter().rev().collect::<Vec<_>>());
        assert!(plan.writes().all(|(_, action)| *action == Action::Delete), "{plan:?}");
        for step in &plan.steps {
            take(step, &mut cluster);
        }
        assert!(egress(&cluster).parts.is_empty());
    });
}

#[test]
fn a_role_makes_no_object_of_another_kind_ours() {
    every_case(|role, object| {
        let cluster = snapshot(&[live(of_role(&with(role, object), role).clone())]);
        let told = impostors(&cluster);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].why.contains("which is a ServiceEntry"), "{told:?}");
    });
}
