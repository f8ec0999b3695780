//! No wildcard over a public suffix, and none over a cloud without a reason.
//!
//! Anyone can have a host below a public suffix or a cloud provider's domain: a wildcard there allows calls to unknown
//! hosts. The policy applies to wildcards only.
#![cfg_attr(target_family = "wasm", no_std)]

use egress_policy_sdk::prelude::*;
use egress_policy_sdk::suffix;

/// What the configuration file says.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Default)]
pub struct Settings {
    /// Public suffixes beside those that the policy knows.
    suffixes: Vec<String>,
    /// Domains of clouds beside those that the policy knows: wildcards over them need a reason.
    clouds: Vec<String>,
}

/// The policy.
pub struct WildcardGuard;

const PUBLIC: &str = "wildcard-over-public-suffix";
const CLOUD: &str = "wildcard-over-cloud";
const REASONED: &str = "wildcard-with-reason";

/// Domains of large cloud providers, below which any customer can have a host.
const CLOUDS: &[&str] = &[
    "aliyuncs.com",
    "amazonaws.com",
    "azure.com",
    "azure.net",
    "cloud.google.com",
    "cloudflare.com",
    "digitaloceanspaces.com",
    "googleapis.com",
    "ibm.com",
    "oraclecloud.com",
    "windows.net",
];

impl Policy for WildcardGuard {
    type Settings = Settings;
    const ID: &'static str = env!("CARGO_PKG_NAME");
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = env!("CARGO_PKG_DESCRIPTION");
    const RULES: &'static [Rule] = &[
        Rule::new(PUBLIC, "The wildcard covers a public suffix"),
        Rule::new(CLOUD, "The wildcard covers all customers of a cloud, and has no reason"),
        Rule::new(REASONED, "The wildcard covers all customers of a cloud, with a reason"),
    ];
    const SETTINGS_SCHEMA: Option<&'static str> = Some(include_str!("../settings.schema.json"));
}

impl HostPolicy for WildcardGuard {
    fn decide(request: &Request, settings: &Settings) -> Result<Verdict, Failure> {
        let mut verdict = Verdict::default();
        let reason = request.justification.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        for destination in request.destinations() {
            let Some(name) = destination.host.strip_prefix("*.") else { continue };
            if suffix::is_public(name) || listed(&settings.suffixes, name) {
                let message = format!("anybody can have a host below {name}");
                verdict.deny(destination, PUBLIC, message).remediation("name the exact host");
            } else if CLOUDS.contains(&name) || listed(&settings.clouds, name) {
                match reason {
                    None => {
                        let message = format!("all customers of a cloud have hosts below {name}");
                        let remediation = "name the exact host, or give a reason with --reason";
                        verdict.deny(destination, CLOUD, message).remediation(remediation);
                    }
                    Some(reason) => {
                        let message = format!("the wildcard covers all of {name}; a reason was given");
                        verdict.warn(destination, REASONED, message).evidence("reason", reason);
                    }
                }
            }
        }
        Ok(verdict)
    }
}

export_policy!(WildcardGuard: hosts);

fn listed(names: &[String], name: &str) -> bool {
    names.iter().any(|listed| listed == name)
}

#[cfg(test)]
mod tests;
