//! Asks both sides about one cluster: our simulation, and istiod's code by the configuration that it makes.
//!
//! Both read the same objects: those that either of them refuses are taken away from both. Knows no source of clusters.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::istio::call::{Call, Passage};
use egress_core::istio::features::IstiodVariables;
use egress_core::istio::gateway_api::MadeObjects;
use egress_core::istio::simulation::{Simulation, World};
use egress_core::snapshot::{PodFacts, ProxyRole};
use egress_diagnose::facts::ClusterFacts;
use serde_json::Value;
use testbed::oracle::{
    AskedProxy, Oracle, OracleRequest, ProxyKind, Surroundings, follow, missing_endpoint_slices,
};

use super::{
    ambient,
    calls::calls,
    cluster::{self, Identity, is, list, word},
    difference::{Difference, is_undecided},
};

/// The variable of istiod that says whether there is ambient mode.
const AMBIENT: &str = "PILOT_ENABLE_AMBIENT";
/// By this, what a proxy is told begins with as a variable.
const METADATA: &str = "ISTIO_META_";
/// How often istiod is asked again where it says something else than we do.
const ASKED_AGAIN: usize = 2;

/// Somebody who has a process of istiod's code.
pub(super) struct Judge {
    oracle: Oracle,
    /// One with ambient mode, for clusters that use it.
    of_ambient: Option<Oracle>,
    /// The last one with other variables of istiod, and which.
    with_variables: Option<(BTreeMap<String, String>, Oracle)>,
}

/// What came of a cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct ComparedCalls {
    /// How many calls were tried.
    pub(super) calls: usize,
    /// How many of them pass a gateway, by istiod's configuration: if few do, the clusters show little.
    pub(super) through_gateways: usize,
    /// Those that the two sides answer differently.
    pub(super) differences: Vec<Difference>,
    /// How many more istiod itself answers differently from time to time, or our simulation leaves open.
    pub(super) undecided: usize,
    /// Objects that one of them refused, each with the reason.
    pub(super) rejected: Vec<String>,
}

impl Judge {
    /// With a process of its own, which is built where it is not there yet.
    pub(super) fn start() -> anyhow::Result<Self> {
        Ok(Judge { oracle: Oracle::start(&[])?, of_ambient: None, with_variables: None })
    }

    /// Tries the calls of a cluster. Where istiod answers the same question in several ways, none of them is a difference.
    pub(super) fn compare(&mut self, objects: &[Value]) -> anyhow::Result<ComparedCalls> {
        let mut compared = self.ask(objects, None)?;
        for _ in 0..ASKED_AGAIN {
            if compared.differences.is_empty() {
                break;
            }
            let again = self.ask(objects, None)?;
            let before = compared.differences.len();
            compared.differences.retain(|difference| {
                let same =
                    |other: &Difference| other.call == difference.call && other.theirs == difference.theirs;
                again.differences.iter().any(same)
            });
            compared.undecided += before - compared.differences.len();
        }
        Ok(compared)
    }

    /// Tries one call.
    pub(super) fn differs(&mut self, objects: &[Value], call: &Call) -> anyhow::Result<Option<Difference>> {
        let verdict = self.ask(objects, Some(call))?;
        Ok(verdict.differences.into_iter().next())
    }

    /// The ways of these calls by istiod's configuration; none where it refuses an object.
    pub(super) fn passages(
        &mut self,
        objects: &[Value],
        calls: &[Call],
    ) -> anyhow::Result<Option<Vec<Vec<Passage>>>> {
        let (facts, _) = cluster::read(objects);
        let answer = self.oracle_for(objects)?.ask(&OracleRequest {
            objects: objects.to_vec(),
            mesh: cluster::mesh(objects).to_owned(),
            proxies: proxies(objects, &facts, calls),
        })?;
        let surroundings = Surroundings::of(objects).with_mesh(answer.addresses);
        let found = calls.iter().map(|call| follow(&answer.proxies, &surroundings, call));
        Ok(answer.rejected.is_empty().then(|| found.collect()))
    }

    fn oracle_for(&mut self, objects: &[Value]) -> anyhow::Result<&mut Oracle> {
        let is_ambient = objects.iter().any(ambient::is_sign);
        let mut variables = istiod_variables(objects);
        if !variables.is_empty() {
            let ambient = (AMBIENT.to_owned(), is_ambient.to_string());
            variables.entry(ambient.0).or_insert(ambient.1);
            let kept = self.with_variables.take().filter(|(known, _)| *known == variables);
            let started = if let Some(kept) = kept {
                kept
            } else {
                let all: Vec<_> =
                    variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
                let oracle = Oracle::start(&all)?;
                (variables, oracle)
            };
            return Ok(&mut self.with_variables.insert(started).1);
        }
        if !is_ambient {
            return Ok(&mut self.oracle);
        }
        let started = match self.of_ambient.take() {
            Some(oracle) => oracle,
            None => Oracle::start(&[(AMBIENT, "true")])?,
        };
        Ok(self.of_ambient.insert(started))
    }

    fn ask(&mut self, objects: &[Value], only: Option<&Call>) -> anyhow::Result<ComparedCalls> {
        let mut verdict = ComparedCalls::default();
        let (_, refused) = cluster::read(objects);
        let mut kept: Vec<Value> = objects.to_vec();
        for (identity, reason) in refused {
            verdict.rejected.push(format!(
                "we refuse {} {}/{}: {reason}",
                identity.kind, identity.namespace, identity.name
            ));
            kept.retain(|object| Identity::of(object) != identity);
        }
        let mut objects = with_slices(kept);
        let (facts, _) = cluster::read(&objects);
        let tried = only.map_or_else(|| calls(&objects, &facts), |call| vec![call.clone()]);
        let request = OracleRequest {
            objects: objects.clone(),
            mesh: cluster::mesh(&objects).to_owned(),
            proxies: proxies(&objects, &facts, &tried),
        };
        let answer = self.oracle_for(&objects)?.ask(&request)?;
        for rejected in answer.rejected {
            let is_it = |object: &Value| {
                is(object, &rejected.kind)
                    && cluster::namespace(object) == rejected.namespace
                    && cluster::name(object) == rejected.name
            };
            verdict.rejected.push(format!(
                "istiod refuses {} {}/{}: {}",
                rejected.kind, rejected.namespace, rejected.name, rejected.reason
            ));
            objects.retain(|object| !is_it(object));
        }
        let surroundings = Surroundings::of(&objects).with_mesh(answer.addresses);
        verdict.calls = tried.len();
        for (call, ours) in simulated(&objects, &tried) {
            let theirs = follow(&answer.proxies, &surroundings, &call);
            verdict.through_gateways += usize::from(theirs.iter().any(|passage| passage.hops.len() > 1));
            verdict.undecided += usize::from(is_undecided(&ours));
            verdict.differences.extend(Difference::of(&call, ours, theirs));
        }
        Ok(verdict)
    }
}

/// The variables of the istiod of a cluster that change where calls end.
fn istiod_variables(objects: &[Value]) -> BTreeMap<String, String> {
    let is_istiod = |object: &&Value| word(object, "/spec/template/metadata/labels/app") == "istiod";
    let containers = cluster::of_kind(objects, "Deployment")
        .filter(is_istiod)
        .flat_map(|deployment| list(deployment, "/spec/template/spec/containers"));
    let variables = containers.flat_map(|container| list(container, "/env"));
    variables
        .map(|variable| (word(variable, "/name").to_owned(), word(variable, "/value").to_owned()))
        .filter(|(name, _)| IstiodVariables::matters(name))
        .collect()
}

/// What our simulation makes of these calls.
pub(super) fn simulated(objects: &[Value], calls: &[Call]) -> Vec<(Call, Vec<Passage>)> {
    let (facts, _) = cluster::read(objects);
    let made = MadeObjects::new(&facts.snapshot, &facts.related_resources);
    let world = World::new(&facts.snapshot, &facts.related_resources, &made);
    let simulation = Simulation::new(&world);
    calls.iter().map(|call| (call.clone(), simulation.passages(call))).collect()
}

/// With the endpoints that Kubernetes would write.
pub(super) fn with_slices(mut objects: Vec<Value>) -> Vec<Value> {
    let slices = missing_endpoint_slices(&objects);
    objects.extend(slices);
    objects
}

/// The proxies of the callers, all gateways and all waypoints.
fn proxies(objects: &[Value], facts: &ClusterFacts, calls: &[Call]) -> Vec<AskedProxy> {
    let callers: BTreeSet<&str> = calls.iter().map(|call| call.caller.as_str()).collect();
    let told: BTreeMap<String, BTreeMap<String, Value>> =
        cluster::of_kind(objects, "Pod").map(|pod| (cluster::full_name(pod), told(pod))).collect();
    let asked = |pod: &PodFacts| {
        let name = format!("{}/{}", pod.namespace, pod.name);
        let kind = match pod.proxy.as_ref().map(|proxy| proxy.role) {
            Some(ProxyRole::Router) => ProxyKind::Gateway,
            Some(ProxyRole::Waypoint) => ProxyKind::Waypoint,
            _ if pod.has_sidecar && callers.contains(name.as_str()) => ProxyKind::Sidecar,
            _ => return None,
        };
        let of_mesh = facts.snapshot.mesh.proxy_metadata.iter();
        let mut metadata: BTreeMap<String, Value> =
            of_mesh.filter_map(|(key, value)| metadatum(key, value)).collect();
        metadata.extend(told.get(&name).cloned().unwrap_or_default());
        Some(AskedProxy { pod: name, kind, metadata })
    };
    let running = facts.snapshot.pods.iter().filter(|pod| !pod.finished && !pod.addresses.is_empty());
    let mut found: Vec<AskedProxy> = running.filter_map(asked).collect();
    // istiod gives a gateway the services of a sidecar of its namespace that asked before it: `doGetSidecarScope` in
    // `pilot/pkg/model/push_context.go`.
    found.sort_by_key(|proxy| proxy.kind == ProxyKind::Sidecar);
    found
}

/// What a proxy is told by variables of its container.
fn told(pod: &Value) -> BTreeMap<String, Value> {
    let containers = list(pod, "/spec/containers").iter().chain(list(pod, "/spec/initContainers"));
    let variables = containers.filter(|container| word(container, "/name") == "istio-proxy");
    let variables = variables.flat_map(|container| list(container, "/env"));
    variables.filter_map(|variable| metadatum(word(variable, "/name"), word(variable, "/value"))).collect()
}

fn metadatum(variable: &str, value: &str) -> Option<(String, Value)> {
    Some((variable.strip_prefix(METADATA)?.to_owned(), value.into()))
}
