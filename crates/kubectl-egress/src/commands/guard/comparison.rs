//! The wanted guard beside the one in the cluster, which every command of the guard begins with.
//!
//! Finds the gateways to guard. Writes nothing.

use std::collections::BTreeSet;

use egress_cluster::Cluster;
use egress_cluster::admission::AdmissionObjects;
use egress_cluster::fetch::{Namespaces, Scope};
use egress_core::admission::guard::{Guard, GuardRule, GuardSettings, GuardedGateway};
use egress_core::admission::{AdmissionPolicy, AdmissionSet, BindingState, Enforcement, SetState, Standing};
use egress_core::intent::GatewayName;
use egress_core::inventory;
use egress_core::operation::gateway;
use egress_core::snapshot::{GatewayFacts, Snapshot};
use egress_render::manifest;

use crate::exit::{Code, Failure};
use crate::settings::guard::Guarded;
use crate::terminal::Terminal;

/// The wanted and the existing guard.
pub(super) struct GuardComparison {
    pub(super) snapshot: Snapshot,
    pub(super) guard: Guard,
    /// What the guard is to do with an object that breaks a rule.
    pub(super) enforcement: Enforcement,
    /// The wanted policies.
    pub(super) policies: Vec<AdmissionPolicy>,
    /// What there is of each wanted policy.
    pub(super) standings: Vec<Standing>,
    found: AdmissionObjects,
}

impl GuardComparison {
    pub(super) async fn read(cluster: &Cluster, guarded: &Guarded) -> anyhow::Result<Self> {
        let scope = Scope {
            namespaces: Namespaces::All(Vec::new()),
            gateway: guarded.gateways.first().cloned(),
            nodes: false,
            root_namespace: None,
        };
        let (snapshot, found) = tokio::join!(cluster.fetch(&scope), cluster.admission(AdmissionSet::Guard));
        let (snapshot, found) = (snapshot?, found?.ok_or_else(too_old)?);
        let before = GuardSettings::read(&found.policies).unwrap_or_default();
        let gateways = gateways(guarded, &before, &snapshot)?;
        let writers = if guarded.endpoint_writers.is_empty() {
            before.endpoint_writers
        } else {
            guarded.endpoint_writers.clone()
        };
        let guard = Guard {
            gateways: gateways.iter().map(|gateway| GuardedGateway::of(gateway, &snapshot)).collect(),
            cluster_domain: snapshot.mesh.cluster_domain.clone(),
            endpoint_writers: writers,
        };
        let policies = guard.policies();
        let standings: Vec<Standing> =
            policies.iter().map(|policy| Standing::of(policy, &found.policies, &found.bindings)).collect();
        let refuses = standings.iter().any(|standing| standing.binding == BindingState::Deny);
        let today = if refuses { Enforcement::Deny } else { Enforcement::Warn };
        let enforcement = guarded.enforcement.unwrap_or(today);
        Ok(GuardComparison { snapshot, guard, enforcement, policies, standings, found })
    }

    pub(super) fn state(&self) -> SetState {
        SetState::of(&self.standings)
    }

    /// Whether the guard is complete and current, without leftovers.
    pub(super) fn is_done(&self) -> bool {
        let wanted = match self.enforcement {
            Enforcement::Warn => SetState::Warn,
            Enforcement::Deny => SetState::Deny,
        };
        let exact = self.standings.iter().all(|standing| {
            (standing.binding == BindingState::Deny) == (self.enforcement == Enforcement::Deny)
        });
        exact && self.state() == wanted && self.leftovers().is_empty()
    }

    /// Names of superfluous policies and bindings of the set: from an interrupted trial, or from an older version.
    pub(super) fn leftovers(&self) -> BTreeSet<String> {
        let wanted: BTreeSet<&str> = self.policies.iter().map(|policy| policy.name.as_str()).collect();
        let policies = self.found.policies.iter().filter_map(|found| found.metadata.name.clone());
        let bindings = self.found.bindings.iter().filter_map(|found| found.metadata.name.clone());
        policies.chain(bindings).filter(|name| !wanted.contains(name.as_str())).collect()
    }

    /// Existing objects that violate a rule, one line each.
    fn broken(&self) -> Vec<String> {
        let broken = self.snapshot.resources.iter().filter_map(|resource| {
            let object = resource.to_json(&self.snapshot.mesh.api_version).ok()?;
            let rules = self.guard.judge(resource.id.kind.plural(), &object);
            let words: Vec<&str> = rules.into_iter().map(GuardRule::word).collect();
            let name = manifest::name(&resource.id);
            (!words.is_empty())
                .then(|| format!("{name} in namespace {}: {}", resource.id.namespace, words.join(", ")))
        });
        broken.collect()
    }

    /// Prints existing objects that the guard would refuse on their next change.
    pub(super) fn report_broken(&self, terminal: &mut Terminal) {
        for line in self.broken() {
            terminal.warning(&format!("already breaks a rule, and is not changed: {line}"));
        }
        if !self.snapshot.has_istio_of(None) {
            terminal.warning(
                "no permission to read every namespace: objects there that break a rule are not listed",
            );
        }
    }
}

/// The named gateways, else those of the existing guard, else those that egresses use, else the only one.
fn gateways(
    guarded: &Guarded,
    before: &GuardSettings,
    snapshot: &Snapshot,
) -> anyhow::Result<Vec<GatewayFacts>> {
    let used = || -> BTreeSet<GatewayName> {
        let egresses = inventory::egresses(snapshot);
        let ours = egresses.iter().filter(|egress| egress.layout.is_some());
        ours.filter_map(|egress| egress.gateway.clone()).collect()
    };
    let names = match (&guarded.gateways, &before.gateways) {
        (named, _) if !named.is_empty() => named.clone(),
        (_, before) if !before.is_empty() => before.clone(),
        _ => used(),
    };
    if names.is_empty() {
        return Ok(vec![gateway::choose(None, snapshot)?.clone()]);
    }
    let find = |name: &GatewayName| {
        snapshot.gateway(name).cloned().ok_or_else(|| Failure {
            code: Code::Failed,
            message: format!("egress gateway {name} does not exist"),
            hint: Some(
                "name the gateways to guard: `kubectl egress guard apply --gateway NAMESPACE/NAME`"
                    .to_owned(),
            ),
        })
    };
    Ok(names.iter().map(find).collect::<Result<_, Failure>>()?)
}

pub(super) fn too_old() -> Failure {
    Failure {
        code: Code::Failed,
        message:
            "this cluster has no ValidatingAdmissionPolicy in admissionregistration.k8s.io/v1; expected \
                  Kubernetes 1.30 or newer"
                .to_owned(),
        hint: Some("type `kubectl version`".to_owned()),
    }
}
