//! Auto mTLS to a gateway: what sidecars do if no DestinationRule has TLS settings.
//!
//! Follows `buildUpstreamTLSSettings` in `pilot/pkg/networking/core/cluster_tls.go`, `checkMtlsEnabled` in
//! `pilot/pkg/xds/endpoints/mtls_checker.go` and `ComposePeerAuthentication` in
//! `pilot/pkg/security/authn/policy_applier.go`. Knows nothing of what a server expects.

use std::collections::BTreeMap;

use egress_core::label_selector::has_labels;
use egress_core::related_resources::Named;
use egress_core::snapshot::GatewayFacts;
use egress_istio::peer_authentication::{
    PeerAuthenticationMtlsMode, PeerAuthenticationPortLevelMtlsMode, PeerAuthenticationSpec,
};

use crate::view::View;

/// The label of endpoints that accept mesh mTLS. Istio sets it for sidecars, not for gateways.
pub(crate) const LABEL: &str = "security.istio.io/tlsMode";

/// The mode that a `PeerAuthentication` requires for a port of a gateway's pods, and its object.
pub(crate) struct MtlsRequirement<'a> {
    pub(crate) mode: MtlsMode,
    pub(crate) by: &'a Named<PeerAuthenticationSpec>,
    /// The field with the mode.
    pub(crate) field: String,
}

/// A mode of `PeerAuthentication`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MtlsMode {
    Disable,
    Permissive,
    Strict,
}

/// Whether sidecars use mesh mTLS to a gateway automatically, unless a `PeerAuthentication` disables it.
pub(crate) fn can_be_offered(view: &View<'_>, gateway: &GatewayFacts) -> bool {
    let labelled = |labels: &BTreeMap<String, String>| labels.get(LABEL).is_some_and(|mode| mode == "istio");
    view.mesh().auto_mtls && !gateway.pods.is_empty() && gateway.pods.iter().all(|pod| labelled(&pod.labels))
}

/// The `PeerAuthentication` that settles a port: of the workload, else of the namespace, else of the mesh; among equals
/// the oldest. One that is unset leaves it to the next.
pub(crate) fn demand<'a>(
    all: &'a [Named<PeerAuthenticationSpec>],
    root: &str,
    gateway: &GatewayFacts,
    port: i64,
) -> Option<MtlsRequirement<'a>> {
    let namespace = gateway.name.namespace.as_str();
    let labels = |policy: &Named<PeerAuthenticationSpec>| {
        let selector = policy.spec.selector.as_ref();
        selector.and_then(|selector| selector.match_labels.clone()).unwrap_or_default()
    };
    let selects = |policy: &&Named<PeerAuthenticationSpec>| {
        let wanted = labels(policy);
        !wanted.is_empty() && gateway.pods.iter().any(|pod| has_labels(&pod.labels, &wanted))
    };
    let of = |owner: &str, chosen: &dyn Fn(&&'a Named<PeerAuthenticationSpec>) -> bool| {
        let found = all.iter().filter(|policy| policy.namespace == owner).filter(|policy| chosen(policy));
        found.min_by_key(|policy| (policy.created.is_none(), policy.created))
    };
    let whole = |policy: &&Named<PeerAuthenticationSpec>| labels(policy).is_empty();
    let workload = of(namespace, &selects);
    workload
        .and_then(|policy| of_port(policy, port))
        .into_iter()
        .chain([workload, of(namespace, &whole), of(root, &whole)].into_iter().flatten().filter_map(of_all))
        .next()
}

fn of_port(policy: &Named<PeerAuthenticationSpec>, port: i64) -> Option<MtlsRequirement<'_>> {
    let mode = policy.spec.port_level_mtls.as_ref()?.get(&port.to_string())?.mode.as_ref()?;
    let mode = match mode {
        PeerAuthenticationPortLevelMtlsMode::Unset => return None,
        PeerAuthenticationPortLevelMtlsMode::Disable => MtlsMode::Disable,
        PeerAuthenticationPortLevelMtlsMode::Permissive => MtlsMode::Permissive,
        PeerAuthenticationPortLevelMtlsMode::Strict => MtlsMode::Strict,
    };
    Some(MtlsRequirement { mode, by: policy, field: format!("spec.portLevelMtls.{port}.mode") })
}

fn of_all(policy: &Named<PeerAuthenticationSpec>) -> Option<MtlsRequirement<'_>> {
    let mode = match policy.spec.mtls.as_ref()?.mode.as_ref()? {
        PeerAuthenticationMtlsMode::Unset => return None,
        PeerAuthenticationMtlsMode::Disable => MtlsMode::Disable,
        PeerAuthenticationMtlsMode::Permissive => MtlsMode::Permissive,
        PeerAuthenticationMtlsMode::Strict => MtlsMode::Strict,
    };
    Some(MtlsRequirement { mode, by: policy, field: "spec.mtls.mode".to_owned() })
}
