//! What keeps calls from being followed: facts that are missing, and objects whose effect is not computed.
//!
//! Whoever is not sure says what is missing, and shows no way.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::input::{Gap, Input};
use egress_core::resource::Resource;
use egress_core::snapshot::ServiceFacts;

use super::called_ports::entries;
use crate::facts::ClusterFacts;
use crate::finding::{CheckOutcome, Place};
use crate::istio::waypoints::waypoint_of;
use crate::traffic::routed_call::can_be_computed;
use crate::view::View;
use crate::wording::list;

/// The label by which gateways send calls to a waypoint.
const INGRESS_USE: &str = "istio.io/ingress-use-waypoint";

/// A reason, and the kinds of facts that were not given if that is it.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    pub(super) because: String,
    pub(super) inputs: BTreeSet<Input>,
}

impl Limit {
    pub(super) fn new(because: impl Into<String>) -> Self {
        Limit { because: because.into(), inputs: BTreeSet::new() }
    }
}

/// What keeps all calls of the mesh from being followed.
pub(super) fn of_mesh(view: &View<'_>, facts: &ClusterFacts) -> Vec<Limit> {
    if let Some(unread) = facts.snapshot.unreadable.iter().find(|unread| matters(unread.input)) {
        return vec![Limit::new(format!("{} could not be read: {}", unread.what, unread.why))];
    }
    if let Some(Gap::Unreadable(why)) = facts.gaps.get(&Input::PeerAuthentications) {
        return vec![Limit::new(format!("{} could not be read: {why}", Input::PeerAuthentications))];
    }
    // A gateway whose Service is not among the facts ends no call, whatever the objects say.
    let is_assumed = facts.snapshot.gateways.iter().any(|gateway| gateway.assumed);
    let needed = [Input::Mesh, Input::Services, Input::Pods].into_iter();
    let needed = needed.chain(is_assumed.then_some(Input::Gateways));
    let missing: Vec<CheckOutcome> = needed.filter_map(|input| view.readable(input).err()).collect();
    if !missing.is_empty() {
        return of_outcomes(missing);
    }
    can_be_computed(view).map_or_else(|outcome| of_outcomes([outcome]), |()| Vec::new())
}

/// Whether facts of this kind decide where calls go; of a file that was not understood nobody knows.
fn matters(input: Option<Input>) -> bool {
    let Some(input) = input else { return true };
    input.is_of_istio()
        || matches!(
            input,
            Input::Mesh
                | Input::Services
                | Input::Pods
                | Input::Gateways
                | Input::EnvoyFilters
                | Input::Workloads
                | Input::PeerAuthentications
        )
}

/// What was not given is one reason.
fn of_outcomes(outcomes: impl IntoIterator<Item = CheckOutcome>) -> Vec<Limit> {
    let (mut found, mut inputs) = (Vec::new(), BTreeSet::new());
    for outcome in outcomes {
        match outcome {
            CheckOutcome::NotGiven(input) => {
                inputs.insert(input);
            }
            CheckOutcome::Unreadable(why) => found.push(Limit::new(why)),
            CheckOutcome::Good(_)
            | CheckOutcome::Bad(_)
            | CheckOutcome::NoEvidence(_)
            | CheckOutcome::NotApplicable => {}
        }
    }
    if !inputs.is_empty() {
        let names: Vec<String> = inputs.iter().map(Input::to_string).collect();
        found.push(Limit { because: format!("not given: {}", list(&names)), inputs });
    }
    found
}

/// What keeps the calls of a namespace to a host from being followed.
pub(super) fn of_host(view: &View<'_>, facts: &ClusterFacts, namespace: &str, host: &str) -> Option<Limit> {
    let labels = |entry: &Resource| {
        let home = facts.snapshot.namespaces.iter().find(|home| home.name == entry.id.namespace);
        home.map(|home| &home.labels)
    };
    for entry in entries(view, namespace, host) {
        let place = Place::of(&entry.id).object();
        if let Some((of, waypoint)) = waypoint_of(entry, labels(entry))
            && takes_calls_of_gateways(entry, labels(entry))
        {
            return Some(Limit::new(format!("waypoint {of}/{waypoint} of {place} may take them")));
        }
    }
    let service = view.services().unwrap_or_default().iter().find(|service| is_service(service, host))?;
    let place = Place::new("Service", Some(&service.namespace), &service.name);
    Some(Limit::new(format!("{host} is {}, inside the cluster", place.object())))
}

/// Whether gateways send the calls of a ServiceEntry to its waypoint, which nobody computes. Sidecars never do:
/// `findServiceWaypoint` in `pilot/pkg/xds/endpoints/endpoint_builder.go`.
fn takes_calls_of_gateways(entry: &Resource, of_namespace: Option<&BTreeMap<String, String>>) -> bool {
    let own = entry.labels.get(INGRESS_USE);
    let said = own.or_else(|| of_namespace?.get(INGRESS_USE));
    said.is_some_and(|word| matches!(word.as_str(), "1" | "t" | "T" | "true" | "True" | "TRUE"))
}

/// Whether the name resolution of a pod makes a Service of this host.
fn is_service(service: &ServiceFacts, host: &str) -> bool {
    let rest = host.strip_prefix(service.name.as_str()).and_then(|rest| rest.strip_prefix('.'));
    let rest = rest.and_then(|rest| rest.strip_prefix(service.namespace.as_str()));
    rest.is_some_and(|rest| matches!(rest, "" | ".svc"))
}
