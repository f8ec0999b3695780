//! The TLS settings of a proxy for a destination: the result of the DestinationRules that apply to it.
//!
//! Follows `MergeSubsetTrafficPolicy` in `pilot/pkg/networking/util/util.go` and `mergeDestinationRule` in
//! `pilot/pkg/model/destination_rule.go`. Does not know which rules a proxy sees, or auto mTLS.

use std::collections::BTreeMap;

use egress_istio::destination_rule as generated;
use egress_istio::destination_rule::DestinationRuleSubsets;
use serde_json::{Value, json};

use crate::resource::Resource;

/// The DestinationRules of one destination for one proxy, merged as istiod merges them.
pub struct DestinationRules<'a> {
    /// The rules, oldest first.
    pub all: Vec<&'a Resource>,
    subsets: BTreeMap<&'a str, (&'a Resource, usize, &'a DestinationRuleSubsets)>,
    /// The first rule with settings for all subsets, and those settings.
    common: Option<(&'a Resource, &'a generated::DestinationRuleTrafficPolicy)>,
}

/// The settings of one connection.
#[derive(Clone, Debug)]
pub struct ClientTls<'a> {
    /// The rule they are from.
    pub rule: &'a Resource,
    /// Their field: `spec.trafficPolicy.tls`.
    pub field: String,
    /// Whether and with which certificates.
    pub mode: Mode,
    /// The server name that is sent.
    pub sni: Option<&'a str>,
    /// The names that the server's certificate may have.
    pub subject_alt_names: &'a [String],
    /// A Secret in the namespace of the proxy.
    pub credential_name: Option<&'a str>,
    /// A file in the proxy's container.
    pub ca_certificates: Option<&'a str>,
    /// A file in the proxy's container.
    pub client_certificate: Option<&'a str>,
    /// Whether it skips verification of the server's certificate.
    pub skips_verification: bool,
}

/// The TLS mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Plaintext.
    Disable,
    /// TLS; the server alone has a certificate.
    Simple,
    /// TLS with a client certificate.
    Mutual,
    /// TLS with the mesh's own certificates.
    IstioMutual,
}

impl<'a> DestinationRules<'a> {
    /// The settings of these rules, oldest first.
    pub fn new(all: Vec<&'a Resource>) -> Self {
        let mut subsets = BTreeMap::new();
        for rule in &all {
            let own = rule.destination_rule().and_then(|spec| spec.subsets.as_ref()).into_iter().flatten();
            for (index, subset) in own.enumerate() {
                // Of two subsets of one name the older rule's is kept.
                subsets.entry(subset.name.as_str()).or_insert((*rule, index, subset));
            }
        }
        let policy = |rule: &&'a Resource| Some((*rule, rule.destination_rule()?.traffic_policy.as_deref()?));
        let common = all.iter().find_map(policy);
        DestinationRules { all, subsets, common }
    }

    /// Whether a route with this subset, or without one, has a destination.
    pub fn has(&self, subset: Option<&str>) -> bool {
        subset.is_none_or(|name| self.subsets.contains_key(name))
    }

    /// The names of the subsets.
    pub fn subsets(&self) -> impl Iterator<Item = &'a str> {
        self.subsets.keys().copied()
    }

    /// A subset.
    pub(super) fn subset(&self, name: &str) -> Option<&'a DestinationRuleSubsets> {
        self.subsets.get(name).map(|(_, _, subset)| *subset)
    }

    /// The settings that hold for all subsets.
    pub(super) fn policy_of_all(&self) -> Option<&'a generated::DestinationRuleTrafficPolicy> {
        self.common.map(|(_, policy)| policy)
    }

    /// The settings for a port of the destination; none if no rule has any, and auto mTLS decides.
    pub fn tls(&self, subset: Option<&str>, port: u16) -> Option<ClientTls<'a>> {
        let found = subset.and_then(|name| self.subsets.get(name));
        let of_subset = found.and_then(|(rule, index, subset)| {
            let policy = subset.traffic_policy.as_ref()?;
            let place = format!("spec.subsets[{index}].trafficPolicy");
            let ports = policy.port_level_settings.iter().flatten();
            let mut ports = ports.enumerate();
            let port = i64::from(port);
            match ports.find(|(_, settings)| settings.port.as_ref().and_then(|it| it.number) == Some(port)) {
                // Settings of a port replace all others, even if they have no TLS settings.
                Some((index, settings)) => {
                    let place = format!("{place}.portLevelSettings[{index}].tls");
                    Some(settings.tls.as_ref().map(|tls| tls.settings(rule, place)))
                }
                None => policy.tls.as_ref().map(|tls| Some(tls.settings(rule, format!("{place}.tls")))),
            }
        });
        of_subset.unwrap_or_else(|| self.of_rule(port))
    }

    /// The traffic policy of a subset, or of the host without a subset: its rule, its field, and its content.
    pub fn policy(&self, subset: Option<&str>) -> Option<(&'a Resource, String, Value)> {
        if let Some(name) = subset {
            let (rule, index, subset) = self.subsets.get(name)?;
            return Some((
                rule,
                format!("spec.subsets[{index}].trafficPolicy"),
                json!(subset.traffic_policy),
            ));
        }
        let rule = self.all.first()?;
        let policy = json!(rule.destination_rule()?.traffic_policy);
        Some((rule, "spec.trafficPolicy".to_owned(), policy))
    }

    fn of_rule(&self, port: u16) -> Option<ClientTls<'a>> {
        let (rule, policy) = self.common?;
        let mut ports = policy.port_level_settings.iter().flatten().enumerate();
        let port = i64::from(port);
        match ports.find(|(_, settings)| settings.port.as_ref().and_then(|it| it.number) == Some(port)) {
            Some((index, settings)) => {
                let place = format!("spec.trafficPolicy.portLevelSettings[{index}].tls");
                settings.tls.as_ref().map(|tls| tls.settings(rule, place))
            }
            None => policy.tls.as_ref().map(|tls| tls.settings(rule, "spec.trafficPolicy.tls".to_owned())),
        }
    }
}

impl ClientTls<'_> {
    /// Whether the proxy opens TLS of its own to a server outside the mesh.
    pub fn originates(&self) -> bool {
        matches!(self.mode, Mode::Simple | Mode::Mutual)
    }

    /// The mode as objects write it.
    pub fn mode_word(&self) -> &'static str {
        match self.mode {
            Mode::Disable => "DISABLE",
            Mode::Simple => "SIMPLE",
            Mode::Mutual => "MUTUAL",
            Mode::IstioMutual => "ISTIO_MUTUAL",
        }
    }
}

/// The generated code has four types for the same settings.
trait Settings {
    fn settings<'a>(&'a self, rule: &'a Resource, field: String) -> ClientTls<'a>;
}

macro_rules! settings {
    ($($tls:ident, $mode:ident;)*) => { $(
        impl Settings for generated::$tls {
            fn settings<'a>(&'a self, rule: &'a Resource, field: String) -> ClientTls<'a> {
                let said = |text: &'a Option<String>| text.as_deref().filter(|text| !text.is_empty());
                ClientTls {
                    rule,
                    field,
                    mode: match self.mode {
                        None | Some(generated::$mode::Disable) => Mode::Disable,
                        Some(generated::$mode::Simple) => Mode::Simple,
                        Some(generated::$mode::Mutual) => Mode::Mutual,
                        Some(generated::$mode::IstioMutual) => Mode::IstioMutual,
                    },
                    sni: said(&self.sni),
                    subject_alt_names: self.subject_alt_names.as_deref().unwrap_or_default(),
                    credential_name: said(&self.credential_name),
                    ca_certificates: said(&self.ca_certificates),
                    client_certificate: said(&self.client_certificate),
                    skips_verification: self.insecure_skip_verify == Some(true),
                }
            }
        }
    )* };
}

settings! {
    DestinationRuleTrafficPolicyTls, DestinationRuleTrafficPolicyTlsMode;
    DestinationRuleTrafficPolicyPortLevelSettingsTls, DestinationRuleTrafficPolicyPortLevelSettingsTlsMode;
    DestinationRuleSubsetsTrafficPolicyTls, DestinationRuleSubsetsTrafficPolicyTlsMode;
    DestinationRuleSubsetsTrafficPolicyPortLevelSettingsTls, DestinationRuleSubsetsTrafficPolicyPortLevelSettingsTlsMode;
}
