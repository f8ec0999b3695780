//! What is guarded: the gateways with the labels of their pods, and who else may write endpoints.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicy;

use super::labels::is_volatile;
use crate::intent::GatewayName;
use crate::metadata;
use crate::names;
use crate::role::{Kind, Role};
use crate::snapshot::{GatewayFacts, Snapshot};

/// On an object of anybody: why the gateway's owner lets it through, whatever it breaks. It counts only for those who have
/// the right `bypass` on `guards.kubectl-egress.github.io` in the gateways' namespaces.
pub const BYPASS: &str = "kubectl-egress.github.io/bypass-guard";
/// The group of the right to let an object through.
pub const BYPASS_GROUP: &str = "kubectl-egress.github.io";
/// The resource of that right; no such objects exist.
pub const BYPASS_RESOURCE: &str = "guards";
/// The verb of that right.
pub const BYPASS_VERB: &str = "bypass";

/// On a policy: the gateways it was made for, and the users that may write endpoints.
const GATEWAYS: &str = "kubectl-egress.github.io/guarded-gateways";
const WRITERS: &str = "kubectl-egress.github.io/endpoint-writers";

/// What a guard was made from, as its policies keep it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuardSettings {
    /// The Services of the guarded gateways.
    pub gateways: BTreeSet<GatewayName>,
    /// See [`Guard::endpoint_writers`].
    pub endpoint_writers: BTreeSet<String>,
}

impl GuardSettings {
    /// What the policies of a cluster were made from; `None` where none of them says so.
    pub fn read(policies: &[ValidatingAdmissionPolicy]) -> Option<Self> {
        let words = |annotations: &BTreeMap<String, String>, key| {
            let text = annotations.get(key).map(String::as_str).unwrap_or_default();
            text.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        };
        policies.iter().filter_map(|policy| policy.metadata.annotations.as_ref()).find_map(|annotations| {
            let gateways: BTreeSet<GatewayName> =
                words(annotations, GATEWAYS).iter().filter_map(|word| word.parse().ok()).collect();
            let endpoint_writers = words(annotations, WRITERS).into_iter().collect();
            (!gateways.is_empty()).then_some(GuardSettings { gateways, endpoint_writers })
        })
    }
}

/// What is guarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The gateways, at least one, ordered by name. `add` can open hosts through these only.
    pub gateways: Vec<GuardedGateway>,
    /// The cluster's DNS domain.
    pub cluster_domain: String,
    /// Users that may write endpoints besides the controllers of Kubernetes, such as the service account of an operator.
    pub endpoint_writers: BTreeSet<String>,
}

/// A guarded gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardedGateway {
    /// Its Service.
    pub name: GatewayName,
    /// The names of the Gateway objects in its namespace that all hosts share.
    pub shared: BTreeSet<String>,
    /// The labels of its pods, each with the values that were seen.
    pub labels: BTreeMap<String, BTreeSet<String>>,
}

impl GuardedGateway {
    /// What is known of a gateway. Its shared Gateway objects are those that exist and the one that `add` would write.
    pub fn of(gateway: &GatewayFacts, snapshot: &Snapshot) -> Self {
        let mut shared = BTreeSet::from([names::shared_pair(&gateway.name.service)]);
        let here = snapshot.of_kind(Kind::Gateway).filter(|found| {
            found.id.namespace == gateway.name.namespace
                && metadata::is_ours(found)
                && metadata::role(found) == Some(Role::SharedGateway)
        });
        shared.extend(here.map(|found| found.id.name.clone()));
        let mut labels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let seen = gateway.pods.iter().map(|pod| &pod.labels).chain([&gateway.selector]);
        for (key, value) in seen.flatten().filter(|(key, _)| !is_volatile(key)) {
            labels.entry(key.clone()).or_default().insert(value.clone());
        }
        GuardedGateway { name: gateway.name.clone(), shared, labels }
    }
}

impl Guard {
    /// The namespaces of the gateways, each once.
    pub fn namespaces(&self) -> BTreeSet<&str> {
        self.gateways.iter().map(|gateway| gateway.name.namespace.as_str()).collect()
    }

    /// What is kept with each policy; [`GuardSettings::read`] reads it back.
    pub(super) fn annotations(&self) -> BTreeMap<String, String> {
        let gateways: Vec<String> = self.gateways.iter().map(|gateway| gateway.name.to_string()).collect();
        let writers: Vec<&str> = self.endpoint_writers.iter().map(String::as_str).collect();
        let mut annotations = BTreeMap::from([(GATEWAYS.to_owned(), gateways.join(","))]);
        if !writers.is_empty() {
            annotations.insert(WRITERS.to_owned(), writers.join(","));
        }
        annotations
    }

    /// The gateways' Services as hosts.
    pub(super) fn service_hosts(&self) -> Vec<String> {
        self.gateways.iter().map(|gateway| gateway.name.service_host(&self.cluster_domain)).collect()
    }

    /// The shared Gateway objects, as `namespace/name`.
    pub(super) fn shared_gateways(&self) -> Vec<String> {
        let of = |gateway: &GuardedGateway| {
            let namespace = gateway.name.namespace.clone();
            gateway.shared.iter().map(move |name| format!("{namespace}/{name}")).collect::<Vec<_>>()
        };
        self.gateways.iter().flat_map(of).collect()
    }
}
