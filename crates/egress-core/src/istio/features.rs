//! The settings of istiod that change where calls end: variables of its container, `pilot/pkg/features` in istio/istio.
//!
//! Some are followed. Others leave the calls open that they may change, where they are not as Istio has them without a word; so
//! do those that nobody can read. Variables that change only names, times, statistics, health, what comes into a pod, or what
//! istiod says to others are not looked at; neither are those of several networks and clusters.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::related_resources::WorkloadFacts;
use crate::snapshot::MeshFacts;

/// What a Deployment of istiod sets, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IstiodVariables {
    /// By name; none where the value is in another object.
    pub set: BTreeMap<String, Option<String>>,
    /// Whether other objects may set any variable: `envFrom`.
    pub has_others: bool,
}

impl IstiodVariables {
    /// Whether a variable is one of those that matter.
    pub fn matters(name: &str) -> bool {
        SWITCHES.iter().any(|switch| switch.name == name) || WORDS.iter().any(|(known, ..)| *known == name)
    }
}

/// The settings of the istiod of a mesh.
#[derive(Debug)]
pub struct IstiodFeatures {
    /// Whether a Deployment says it; else all is as Istio has it.
    said: bool,
    /// Whether each switch is on, in the order of [`SWITCHES`]; none where it is not known.
    switches: Vec<Option<bool>>,
    /// Settings that leave calls open, and which.
    open: Vec<(&'static str, Reach)>,
}

/// Calls that a setting may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All.
    All,
    /// Those that pass a gateway.
    Gateways,
    /// Those that pass a waypoint or ztunnel.
    Ambient,
    /// All where there are objects of the Gateway API.
    GatewayApi,
    /// All of callers that have addresses of IPv6.
    SixthVersion,
    /// Those of requests whose host ends with a dot.
    DottedNames,
    /// Those to hosts whose ServiceEntry or Service selects workloads.
    Selected,
    /// None: what the setting says is followed.
    Followed,
}

/// A variable that is true or false.
struct Switch {
    name: &'static str,
    /// What it is without a word.
    usual: bool,
    /// Which calls the other value may change.
    reach: Reach,
    /// Which calls nobody knows of while nobody knows the value.
    unknown: Reach,
}

const SCOPE: &str = "PILOT_SCOPE_GATEWAY_TO_NAMESPACE";
const GATEWAY_API: &str = "PILOT_ENABLE_GATEWAY_API";
const MERGE: &str = "ENABLE_ENHANCED_DESTINATIONRULE_MERGE";
const BEST: &str = "PILOT_SIDECAR_PICK_BEST_SERVICE_NAMESPACE";
const STRICT: &str = "PILOT_ENABLE_STRICT_GATEWAY_MERGING";
const AMBIENT: &str = "PILOT_ENABLE_AMBIENT";

const SWITCHES: [Switch; 22] = [
    followed(SCOPE, false, Reach::Gateways),
    followed(GATEWAY_API, true, Reach::GatewayApi),
    followed(MERGE, true, Reach::All),
    followed(BEST, true, Reach::All),
    followed(STRICT, true, Reach::Gateways),
    // What the pods say of ambient mode is believed where no Deployment speaks against it.
    followed(AMBIENT, false, Reach::Ambient),
    open("PILOT_ENABLE_SERVICEENTRY_SELECT_PODS", true, Reach::Selected),
    open("PILOT_ENABLE_K8S_SELECT_WORKLOAD_ENTRIES", true, Reach::Selected),
    open("PILOT_UNIFIED_SIDECAR_SCOPE", true, Reach::All),
    open("PILOT_ENABLE_IP_AUTOALLOCATE", true, Reach::All),
    open("PILOT_ENABLE_ABSOLUTE_FQDN_VHOST_DOMAIN", true, Reach::DottedNames),
    open("PILOT_FILTER_GATEWAY_CLUSTER_CONFIG", false, Reach::Gateways),
    open("ENABLE_SELECTOR_BASED_K8S_GATEWAY_POLICY", true, Reach::Gateways),
    open("PILOT_ENABLE_ALPHA_GATEWAY_API", false, Reach::GatewayApi),
    open("ENABLE_GATEWAY_API_MANUAL_DEPLOYMENT", true, Reach::GatewayApi),
    open("ENABLE_GATEWAY_API_INFERENCE_EXTENSION", false, Reach::GatewayApi),
    open("PILOT_ENABLE_AGENTGATEWAY", false, Reach::GatewayApi),
    open("ENABLE_MCS_HOST", false, Reach::All),
    open("ENABLE_LAYERED_WAYPOINT_AUTHORIZATION_POLICIES", false, Reach::Ambient),
    open("ENABLE_WILDCARD_HOST_SERVICE_ENTRIES_FOR_TLS", false, Reach::Ambient),
    open("ISTIO_DUAL_STACK", false, Reach::SixthVersion),
    open("ISTIO_ENABLE_IPV4_OUTBOUND_LISTENER_FOR_IPV6_CLUSTERS", false, Reach::SixthVersion),
];

/// Variables that are words: what they are without one, and which calls another word may change.
const WORDS: [(&str, &str, Reach); 5] = [
    ("ISTIO_WATCH_NAMESPACE", "", Reach::All),
    ("PILOT_IGNORE_RESOURCES", "", Reach::All),
    ("PILOT_GATEWAY_API_DEFAULT_GATEWAYCLASS_NAME", "istio", Reach::GatewayApi),
    ("PILOT_GATEWAY_API_CONTROLLER_NAME", "istio.io/gateway-controller", Reach::GatewayApi),
    ("PILOT_ENABLE_AMBIENT_WAYPOINTS", "true", Reach::Ambient),
];

const fn followed(name: &'static str, usual: bool, unknown: Reach) -> Switch {
    Switch { name, usual, reach: Reach::Followed, unknown }
}

const fn open(name: &'static str, usual: bool, reach: Reach) -> Switch {
    Switch { name, usual, reach, unknown: reach }
}

impl IstiodFeatures {
    /// The settings of the istiod of a mesh: what the Deployments of istiod in its namespace say. Where these differ, as
    /// those of two revisions may, a setting is not known.
    pub fn of(mesh: &MeshFacts, workloads: &[WorkloadFacts]) -> Self {
        let home = mesh.config_map.as_ref().map(|(namespace, _)| namespace);
        let is_of_mesh = |workload: &&WorkloadFacts| home.is_none_or(|home| *home == workload.namespace);
        let own = workloads.iter().filter(is_of_mesh);
        let all: Vec<&IstiodVariables> = own.filter_map(|workload| workload.istiod.as_ref()).collect();
        let mut open = Vec::new();
        let mut switches = Vec::with_capacity(SWITCHES.len());
        for switch in &SWITCHES {
            let said = all.iter().map(|one| one.truth(switch.name, switch.usual)).collect();
            let value = the_only(said, switch.usual);
            match value {
                None => open.push((switch.name, switch.unknown)),
                Some(value) if value != switch.usual && switch.reach != Reach::Followed => {
                    open.push((switch.name, switch.reach));
                }
                Some(_) => {}
            }
            switches.push(value);
        }
        for (name, usual, reach) in WORDS {
            let said = all.iter().map(|one| one.word(name, usual)).collect();
            if the_only(said, usual.to_owned()).is_none_or(|word| word != usual) {
                open.push((name, reach));
            }
        }
        IstiodFeatures { said: !all.is_empty(), switches, open }
    }

    /// The variables that leave calls open.
    pub fn not_followed(&self) -> impl Iterator<Item = &'static str> {
        self.open.iter().map(|(name, _)| *name)
    }

    /// Whether a setting leaves calls of this kind open.
    pub(crate) fn leave_open(&self, reach: Reach) -> bool {
        self.open.iter().any(|(_, own)| *own == reach)
    }

    /// Whether a Gateway is for pods of its own namespace alone.
    pub(crate) fn scopes_gateways(&self) -> bool {
        self.is_on(SCOPE)
    }

    /// Whether istiod reads the Gateway API.
    pub(crate) fn reads_gateway_api(&self) -> bool {
        self.is_on(GATEWAY_API)
    }

    /// Whether DestinationRules are merged only where their `exportTo` fits.
    pub(crate) fn merges_by_export(&self) -> bool {
        self.is_on(MERGE)
    }

    /// Whether a Kubernetes Service is preferred where a rule leads to a host of several namespaces.
    pub(crate) fn prefers_kubernetes(&self) -> bool {
        self.is_on(BEST)
    }

    /// Whether Gateways of other namespaces are left out at gateways that istiod deployed.
    pub(crate) fn merges_strictly(&self) -> bool {
        self.is_on(STRICT)
    }

    /// Whether a Deployment says that there is no ambient mode.
    pub(crate) fn has_no_ambient_mode(&self) -> bool {
        self.said && !self.is_on(AMBIENT)
    }

    fn is_on(&self, name: &str) -> bool {
        let found = SWITCHES.iter().zip(&self.switches).find(|(switch, _)| switch.name == name);
        found.is_some_and(|(switch, value)| value.unwrap_or(switch.usual))
    }
}

impl IstiodVariables {
    /// Whether a switch is on; none where that is not known. What is no truth value counts as nothing: `env.Register` in
    /// `pkg/env/var.go`.
    fn truth(&self, name: &str, usual: bool) -> Option<bool> {
        Some(match self.word(name, "")?.as_str() {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => true,
            "0" | "f" | "F" | "false" | "FALSE" | "False" => false,
            _ => usual,
        })
    }

    fn word(&self, name: &str, usual: &str) -> Option<String> {
        match self.set.get(name) {
            Some(value) => value.clone(),
            None if self.has_others => None,
            None => Some(usual.to_owned()),
        }
    }
}

/// What all say; none where one does not know it, or where they differ.
fn the_only<T: Ord>(said: BTreeSet<Option<T>>, usual: T) -> Option<T> {
    let mut said = said.into_iter();
    match (said.next(), said.next()) {
        (None, _) => Some(usual),
        (Some(only), None) => only,
        (Some(_), Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn istiod(namespace: &str, set: &[(&str, Option<&str>)]) -> WorkloadFacts {
        let set = set.iter().map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)));
        WorkloadFacts {
            namespace: namespace.to_owned(),
            istiod: Some(IstiodVariables { set: set.collect(), has_others: false }),
            ..WorkloadFacts::default()
        }
    }

    fn mesh() -> MeshFacts {
        let config_map = Some(("istio-system".to_owned(), "istio".to_owned()));
        MeshFacts { config_map, ..MeshFacts::default() }
    }

    fn open(features: &IstiodFeatures) -> Vec<&str> {
        features.not_followed().collect()
    }

    #[test]
    fn without_a_deployment_all_is_as_istio_has_it() {
        let features = IstiodFeatures::of(&mesh(), &[]);
        assert!(!features.scopes_gateways() && features.reads_gateway_api() && features.merges_by_export());
        assert!(!features.has_no_ambient_mode());
        assert_eq!(open(&features), Vec::<&str>::new());
    }

    #[test]
    fn what_the_deployment_of_the_mesh_says_is_followed() {
        let own = istiod("istio-system", &[(SCOPE, Some("true")), (BEST, Some("0"))]);
        let other = istiod("elsewhere", &[(GATEWAY_API, Some("false"))]);
        let features = IstiodFeatures::of(&mesh(), &[own, other]);
        assert!(features.scopes_gateways() && !features.prefers_kubernetes() && features.reads_gateway_api());
        assert!(features.has_no_ambient_mode());
        assert_eq!(open(&features), Vec::<&str>::new());
    }

    #[test]
    fn what_is_no_truth_value_counts_as_nothing() {
        let features = IstiodFeatures::of(&mesh(), &[istiod("istio-system", &[(SCOPE, Some("yes"))])]);
        assert!(!features.scopes_gateways());
        assert_eq!(open(&features), Vec::<&str>::new());
    }

    #[test]
    fn a_setting_that_is_not_followed_leaves_its_calls_open() {
        let own = istiod("istio-system", &[("PILOT_FILTER_GATEWAY_CLUSTER_CONFIG", Some("true"))]);
        let features = IstiodFeatures::of(&mesh(), &[own]);
        assert!(features.leave_open(Reach::Gateways) && !features.leave_open(Reach::All));
        assert_eq!(open(&features), ["PILOT_FILTER_GATEWAY_CLUSTER_CONFIG"]);
    }

    #[test]
    fn a_value_that_nobody_can_read_is_unknown() {
        let own = istiod("istio-system", &[(SCOPE, None)]);
        assert_eq!(open(&IstiodFeatures::of(&mesh(), std::slice::from_ref(&own))), [SCOPE]);
        let plain = istiod("istio-system", &[]);
        assert_eq!(open(&IstiodFeatures::of(&mesh(), &[own, plain])), [SCOPE]);
    }

    #[test]
    fn two_revisions_that_differ_leave_it_open() {
        let canary = istiod("istio-system", &[(SCOPE, Some("true"))]);
        let features = IstiodFeatures::of(&mesh(), &[istiod("istio-system", &[]), canary]);
        assert_eq!(open(&features), [SCOPE]);
        assert!(features.leave_open(Reach::Gateways));
    }

    #[test]
    fn variables_of_other_objects_leave_all_open() {
        let mut own = istiod("istio-system", &[(SCOPE, Some("true"))]);
        own.istiod = own.istiod.map(|variables| IstiodVariables { has_others: true, ..variables });
        let features = IstiodFeatures::of(&mesh(), &[own]);
        assert!(features.scopes_gateways());
        assert_eq!(open(&features).len(), SWITCHES.len() + WORDS.len() - 1);
    }
}
