//! The resources around the egresses, as checks read them. Records each read; for missing facts returns the check's
//! outcome.
//!
//! Makes no findings.

use std::collections::BTreeMap;

use egress_core::admission::exported::Flaw;
use egress_core::input::{Gap, Input};
use egress_core::kubernetes::HorizontalPodAutoscalerSpec;
use egress_core::related_resources::{
    self, EnvoyFilterFacts, GatewayApiObject, Named, SecretFacts, SliceFacts, WebhookFacts,
    WorkloadEntryFacts,
};
use egress_core::snapshot::{NamespaceFacts, PodFacts, ServiceFacts};
use egress_istio::authorization_policy::AuthorizationPolicySpec;
use egress_istio::peer_authentication::PeerAuthenticationSpec;
use k8s_openapi::api::networking::v1::NetworkPolicySpec;
use k8s_openapi::api::policy::v1::PodDisruptionBudgetSpec;

use super::View;
use crate::facts::{OtherCluster, PodName, PolicyRefusal, Rights};
use crate::finding::{CheckOutcome, Readable};
use crate::istio::data_plane::{DataPlaneMode, data_plane_mode};
use crate::kubernetes::access::RoleAccess;
use crate::kubernetes::workload::{PodOwner, by_workload};

impl<'a> View<'a> {
    /// Records a read. If facts of this kind are missing, the error is the outcome of the check.
    pub fn readable(&self, input: Input) -> Readable<()> {
        self.note(input);
        match self.shared.facts.gaps.get(&input) {
            None => Ok(()),
            Some(Gap::NotGiven) => Err(CheckOutcome::NotGiven(input)),
            Some(Gap::Unreadable(why)) => {
                Err(CheckOutcome::Unreadable(format!("{input} could not be read: {why}")))
            }
        }
    }

    /// The outcome of a check. If it read facts that were not given, "could not be read" becomes "not given".
    pub(crate) fn with_gaps(&self, outcome: CheckOutcome) -> CheckOutcome {
        let not_given = |input: &Input| matches!(self.shared.facts.gaps.get(input), Some(Gap::NotGiven));
        match (outcome, self.reads.get().iter().find(not_given)) {
            (CheckOutcome::Unreadable(_) | CheckOutcome::NoEvidence(_), Some(input)) => {
                CheckOutcome::NotGiven(input)
            }
            (outcome, _) => outcome,
        }
    }

    /// Every `AuthorizationPolicy`.
    pub fn authorization_policies(&self) -> Readable<&'a [Named<AuthorizationPolicySpec>]> {
        self.readable(Input::AuthorizationPolicies)?;
        Ok(&self.shared.facts.related_resources.authorization_policies)
    }

    /// What roles allow, and who has them.
    pub(crate) fn access(&self) -> Readable<RoleAccess<'a>> {
        self.readable(Input::AccessRoles)?;
        let related = &self.shared.facts.related_resources;
        Ok(RoleAccess { roles: &related.access_roles, bindings: &related.access_bindings })
    }

    /// Every `PeerAuthentication`.
    pub fn peer_authentications(&self) -> Readable<&'a [Named<PeerAuthenticationSpec>]> {
        self.readable(Input::PeerAuthentications)?;
        Ok(&self.shared.facts.related_resources.peer_authentications)
    }

    /// Other clusters of the same fleet.
    pub fn fleet(&self) -> &'a [OtherCluster] {
        self.note(Input::Fleet);
        &self.shared.facts.fleet
    }

    /// Every `EnvoyFilter`.
    pub fn envoy_filters(&self) -> Readable<&'a [Named<EnvoyFilterFacts>]> {
        self.readable(Input::EnvoyFilters)?;
        Ok(&self.shared.facts.related_resources.envoy_filters)
    }

    /// Every object of the Kubernetes Gateway API.
    pub fn gateway_api(&self) -> Readable<&'a [GatewayApiObject]> {
        self.readable(Input::GatewayApi)?;
        Ok(&self.shared.facts.related_resources.gateway_api)
    }

    /// Every `WorkloadEntry`.
    pub fn workload_entries(&self) -> Readable<&'a [Named<WorkloadEntryFacts>]> {
        self.readable(Input::WorkloadEntries)?;
        Ok(&self.shared.facts.related_resources.workload_entries)
    }

    /// Every `NetworkPolicy`.
    pub fn network_policies(&self) -> Readable<&'a [Named<NetworkPolicySpec>]> {
        self.readable(Input::NetworkPolicies)?;
        Ok(&self.shared.facts.related_resources.network_policies)
    }

    /// The endpoints of every Service.
    pub fn endpoint_slices(&self) -> Readable<&'a [Named<SliceFacts>]> {
        self.readable(Input::EndpointSlices)?;
        Ok(&self.shared.facts.related_resources.endpoint_slices)
    }

    /// Every workload.
    pub fn workloads(&self) -> Readable<&'a [related_resources::WorkloadFacts]> {
        self.readable(Input::Workloads)?;
        Ok(&self.shared.facts.related_resources.workloads)
    }

    /// Every `PodDisruptionBudget`.
    pub fn budgets(&self) -> Readable<&'a [Named<PodDisruptionBudgetSpec>]> {
        self.readable(Input::Budgets)?;
        Ok(&self.shared.facts.related_resources.budgets)
    }

    /// Every `HorizontalPodAutoscaler`.
    pub fn autoscalers(&self) -> Readable<&'a [Named<HorizontalPodAutoscalerSpec>]> {
        self.readable(Input::Budgets)?;
        Ok(&self.shared.facts.related_resources.autoscalers)
    }

    /// Every requested Secret.
    pub fn secrets(&self) -> Readable<&'a [SecretFacts]> {
        self.readable(Input::Secrets)?;
        Ok(&self.shared.facts.related_resources.secrets)
    }

    /// Every admission webhook.
    pub fn webhooks(&self) -> Readable<&'a [WebhookFacts]> {
        self.readable(Input::Webhooks)?;
        Ok(&self.shared.facts.related_resources.webhooks)
    }

    /// The pods of istiod.
    pub fn istiod(&self) -> Readable<&'a [PodFacts]> {
        self.readable(Input::ControlPlane)?;
        Ok(&self.shared.facts.related_resources.istiod)
    }

    /// The configuration that this proxy rejected, according to istiod, one line for each kind. Empty if istiod was
    /// not asked.
    pub fn refused_by(&self, pod: &PodName) -> Vec<String> {
        self.note(Input::ControlPlane);
        let told = self.shared.facts.related_resources.sync.iter().flatten();
        let of_pod = told.filter(|facts| facts.namespace == pod.namespace && facts.pod == pod.name);
        let refused = of_pod.flat_map(|facts| &facts.rejected);
        refused.map(|(kind, why)| format!("istiod: pod {} rejects {kind}: {why}", pod.name)).collect()
    }

    /// The policies' objections to an existing egress; none without policies. The error says why they could not be
    /// asked.
    pub fn refusals(&self, namespace: &str, host: &str) -> Result<Option<&'a [PolicyRefusal]>, &'a str> {
        self.note(Input::Policies);
        self.shared.facts.demands.as_ref().map_err(String::as_str)?;
        let found = self.shared.facts.refusals.get(&(namespace.to_owned(), host.to_owned()));
        Ok(found.map(Vec::as_slice))
    }

    /// The flaws of the policy that was exported to the API server; none if there is no exported policy.
    pub fn export_flaws(&self) -> Readable<Option<&'a [Flaw]>> {
        self.readable(Input::Policies)?;
        let export = &self.shared.facts.related_resources.export;
        match &export.unreadable {
            Some(why) => {
                Err(CheckOutcome::Unreadable(format!("the exported policy could not be read: {why}")))
            }
            None => Ok(export.exists.then_some(&export.flaws)),
        }
    }

    /// The user's write permissions, by namespace.
    pub fn rights(&self) -> Readable<&'a BTreeMap<String, Rights>> {
        self.readable(Input::Rights)?;
        Ok(&self.shared.facts.rights)
    }

    /// Every Service.
    pub fn services(&self) -> Readable<&'a [ServiceFacts]> {
        self.readable(Input::Services)?;
        Ok(&self.shared.facts.snapshot.services)
    }

    /// Every namespace, with its labels.
    pub fn labelled_namespaces(&self) -> Readable<&'a [NamespaceFacts]> {
        self.readable(Input::Namespaces)?;
        Ok(&self.shared.facts.snapshot.namespaces)
    }

    /// The running pods of a namespace, with the data plane that handles their calls.
    pub(crate) fn pods_with_mode(&self, namespace: &str) -> Readable<Vec<(&'a PodFacts, DataPlaneMode)>> {
        let labels = self.labelled_namespaces()?.iter().find(|facts| facts.name == namespace);
        let labels = labels.map(|facts| &facts.labels);
        let pods = self.all_pods()?.iter().filter(|pod| pod.namespace == namespace && !pod.finished);
        Ok(pods.map(|pod| (pod, data_plane_mode(pod, labels))).collect())
    }

    /// The same for one data plane, by workload.
    pub(crate) fn workloads_with_mode(
        &self,
        namespace: &str,
        by: DataPlaneMode,
    ) -> Readable<BTreeMap<PodOwner, Vec<&'a PodFacts>>> {
        let pods = self.pods_with_mode(namespace)?.into_iter().filter(|(_, mode)| *mode == by);
        Ok(by_workload(pods.map(|(pod, _)| pod)))
    }

    /// How many running pods of a namespace send calls of their own. Gateways and waypoints do not.
    pub(crate) fn calling_pods(&self, namespace: &str) -> Readable<usize> {
        let calls = |(_, mode): &(&PodFacts, DataPlaneMode)| *mode != DataPlaneMode::Proxy;
        Ok(self.pods_with_mode(namespace)?.iter().filter(|pod| calls(pod)).count())
    }

    /// Every pod, with a sidecar or without.
    pub fn all_pods(&self) -> Readable<&'a [PodFacts]> {
        self.readable(Input::Pods)?;
        Ok(&self.shared.facts.snapshot.pods)
    }
}
