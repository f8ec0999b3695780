//! Whether a cluster keeps the address that was called, because a DestinationRule says so.
//!
//! Follows `applyDestinationRule` and `buildSubsetCluster` in `pilot/pkg/networking/core/cluster_builder.go` and
//! `applyLoadBalancer` in `cluster_traffic_policy.go`. Knows nothing of services.

use egress_istio::destination_rule as generated;
use generated::{
    DestinationRuleSubsetsTrafficPolicyLoadBalancerSimple as OfSubset,
    DestinationRuleSubsetsTrafficPolicyPortLevelSettingsLoadBalancerSimple as OfSubsetPort,
    DestinationRuleTrafficPolicyLoadBalancerSimple as OfRule,
    DestinationRuleTrafficPolicyPortLevelSettingsLoadBalancerSimple as OfRulePort,
};

use super::client_tls::DestinationRules;

impl DestinationRules<'_> {
    /// Whether the cluster of a port, or of a subset of it, has a load balancer of kind `PASSTHROUGH`.
    pub fn passes_through(&self, subset: Option<&str>, port: u16) -> bool {
        let of_all = self.rule_passes_through(port);
        let policy = subset.and_then(|name| self.subset(name)?.traffic_policy.as_deref());
        let Some(policy) = policy else { return of_all };
        // What the subset says for all ports counts, even where a port has settings of its own.
        of_all || self.says_passthrough(subset) || {
            let mut ports = policy.port_level_settings.iter().flatten();
            let port = i64::from(port);
            let found = ports.find(|settings| settings.port.as_ref().and_then(|it| it.number) == Some(port));
            found.is_some_and(|settings| {
                let balancer = settings.load_balancer.as_ref();
                balancer.is_some_and(|it| it.simple == Some(OfSubsetPort::Passthrough))
            })
        }
    }

    /// Whether a subset says it for all of its ports.
    pub fn says_passthrough(&self, subset: Option<&str>) -> bool {
        let policy = subset.and_then(|name| self.subset(name)?.traffic_policy.as_deref());
        let balancer = policy.and_then(|policy| policy.load_balancer.as_ref());
        balancer.is_some_and(|it| it.simple == Some(OfSubset::Passthrough))
    }

    fn rule_passes_through(&self, port: u16) -> bool {
        let Some(policy) = self.policy_of_all() else { return false };
        let mut ports = policy.port_level_settings.iter().flatten();
        let port = i64::from(port);
        // Settings of a port replace all others, even if they name no load balancer.
        if let Some(settings) =
            ports.find(|settings| settings.port.as_ref().and_then(|it| it.number) == Some(port))
        {
            let balancer = settings.load_balancer.as_ref();
            return balancer.is_some_and(|it| it.simple == Some(OfRulePort::Passthrough));
        }
        self.rule_says_passthrough()
    }

    /// Whether what is for all ports and subsets says it.
    fn rule_says_passthrough(&self) -> bool {
        let balancer = self.policy_of_all().and_then(|policy| policy.load_balancer.as_ref());
        balancer.is_some_and(|it| it.simple == Some(OfRule::Passthrough))
    }

    /// Whether a subset, or without one the host, says so itself for all ports: istiod then asks all endpoints whether they
    /// speak mTLS. `BestEffortInferServiceMTLSMode` in `pilot/pkg/model/push_context.go`.
    pub(super) fn asks_all_endpoints(&self, subset: Option<&str>) -> bool {
        if subset.is_some() { self.says_passthrough(subset) } else { self.rule_says_passthrough() }
    }
}
