//! Each team reaches only the groups of hosts granted to it.
//!
//! The labels of a namespace identify its team: users who can label namespaces can choose their team. Hosts in no group
//! are denied or left to other policies.
#![cfg_attr(target_family = "wasm", no_std)]

use egress_policy_sdk::prelude::*;

/// What the configuration file says.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// Hosts that belong together, by the name of the group.
    groups: Map<Vec<HostGlob>>,
    /// Who may reach what.
    grants: Vec<Grant>,
    /// Hosts in no group are denied, rather than left to other policies.
    #[serde(default)]
    only_groups: bool,
}

/// Namespaces, and the groups their pods may reach.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Grant {
    /// The labels of the namespaces, as `kubectl -l` takes them.
    namespaces: Selector,
    /// Names of groups.
    groups: Vec<String>,
}

/// The policy.
pub struct TeamNamespaces;

const NOT_GRANTED: &str = "group-not-granted";
const NO_GROUP: &str = "host-in-no-group";

impl Policy for TeamNamespaces {
    type Settings = Settings;
    const ID: &'static str = env!("CARGO_PKG_NAME");
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = env!("CARGO_PKG_DESCRIPTION");
    const NEEDS: &'static [Need] = &[Need::NamespaceLabels];
    const RULES: &'static [Rule] = &[
        Rule::new(NOT_GRANTED, "The namespace was not granted any group of the host"),
        Rule::new(NO_GROUP, "The host is in no group"),
    ];
    const SETTINGS_SCHEMA: Option<&'static str> = Some(include_str!("../settings.schema.json"));

    fn check_settings(settings: &Settings) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (index, grant) in settings.grants.iter().enumerate() {
            for group in grant.groups.iter().filter(|group| settings.groups.get(group).is_none()) {
                let mut finding = Finding::deny("unknown-group", format!("there is no group `{group}`"));
                finding.path(format!("settings.grants[{index}].groups"));
                findings.push(finding);
            }
        }
        findings
    }
}

impl HostPolicy for TeamNamespaces {
    fn decide(request: &Request, settings: &Settings) -> Result<Verdict, Failure> {
        let is_granted = |group: &str| {
            settings.grants.iter().any(|grant| {
                grant.groups.iter().any(|granted| granted == group)
                    && grant.namespaces.matches(&request.namespace_labels)
            })
        };
        let mut verdict = Verdict::default();
        for destination in request.destinations() {
            let covers = |(_, globs): &(&str, &Vec<HostGlob>)| {
                globs.iter().any(|glob| glob.matches(&destination.host))
            };
            let mut groups = settings.groups.iter().filter(covers).map(|(name, _)| name).peekable();
            let first = groups.peek().copied();
            if let Some(group) = groups.find(|group| is_granted(group)) {
                verdict.allow(destination);
                verdict.explain("grants", "allow", format!("{} was granted {group}", request.namespace));
            } else if let Some(group) = first {
                let message = format!(
                    "{} is in group {group}, which namespace {} was not granted",
                    destination.host, request.namespace
                );
                let remediation = format!(
                    "ask for a grant of {group} that matches the labels of namespace {}",
                    request.namespace
                );
                verdict.deny(destination, NOT_GRANTED, message).remediation(remediation);
            } else if settings.only_groups {
                let message = format!("{} is in no group", destination.host);
                verdict.deny(destination, NO_GROUP, message).remediation("ask for a group that contains it");
            }
        }
        Ok(verdict)
    }
}

export_policy!(TeamNamespaces: hosts);

#[cfg(test)]
mod tests;
