//! The policy of one organisation: a catalogue of hosts with short names, its object names, and gateways on infra nodes
//! only.
//!
//! For `edition.cnn.com`, `cnn` for short, the objects are the ServiceEntry `cnn`, the DestinationRule
//! `egressgateway-for-cnn` with the subset `cnn`, the VirtualService `direct-cnn-through-egress-gateway`, and the Gateway
//! `istio-egressgateway`. Two hosts of one namespace cannot share a Gateway: the second one's entry names another.
#![cfg_attr(target_family = "wasm", no_std)]

use egress_policy_sdk::name;
use egress_policy_sdk::prelude::*;

/// What the configuration file says.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// The hosts that may be called, by their short names.
    catalogue: Map<Entry>,
    /// The labels of the nodes that traffic leaves on.
    #[serde(default = "infra")]
    nodes: Selector,
}

/// One host.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Entry {
    /// The host.
    host: String,
    /// The name of its Gateway.
    #[serde(default = "stock_gateway")]
    gateway: String,
}

/// The policy.
pub struct InfraNodes;

const UNKNOWN_HOST: &str = "host-not-in-catalogue";

impl Policy for InfraNodes {
    type Settings = Settings;
    const ID: &'static str = env!("CARGO_PKG_NAME");
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = env!("CARGO_PKG_DESCRIPTION");
    const RULES: &'static [Rule] = &[Rule::new(UNKNOWN_HOST, "The host is not in the catalogue")];
    const SETTINGS_SCHEMA: Option<&'static str> = Some(include_str!("../settings.schema.json"));

    fn check_settings(settings: &Settings) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (short, entry) in settings.catalogue.iter() {
            let mut hold = |what: &str, text: &str, holds: bool| {
                if !holds {
                    let mut finding = Finding::deny("invalid-entry", format!("`{text}` is not a {what}"));
                    finding.path(format!("settings.catalogue.{short}"));
                    findings.push(finding);
                }
            };
            // The longest object name that contains it leaves 30 characters.
            hold("short name", short, name::is_label(short) && short.len() <= 30);
            hold("Gateway name", &entry.gateway, name::is_label(&entry.gateway));
            hold("host", &entry.host, HostGlob::parse(&entry.host).is_ok());
        }
        findings
    }
}

impl HostPolicy for InfraNodes {
    fn decide(request: &Request, settings: &Settings) -> Result<Verdict, Failure> {
        let mut verdict = Verdict::default();
        for destination in request.destinations() {
            if let Some((short, _)) = settings.entry(&destination.host) {
                verdict.allow(destination);
                verdict.explain("catalogue", "allow", format!("{} is {short}", destination.host));
            } else {
                let message = format!("{} is not in the catalogue", destination.host);
                let finding = verdict.deny(destination, UNKNOWN_HOST, message);
                finding
                    .remediation("ask the platform team to add it to the catalogue")
                    .evidence("catalogue", settings.catalogue.names());
            }
        }
        Ok(verdict)
    }
}

impl NamingPolicy for InfraNodes {
    fn name_objects(_: &Request, slots: &[Slot], settings: &Settings) -> Result<Names, Failure> {
        let mut names = Names::default();
        for slot in slots {
            let Some((short, entry)) = slot.host.as_deref().and_then(|host| settings.entry(host)) else {
                continue;
            };
            let chosen = match (slot.kind.as_str(), slot.role.as_str()) {
                ("Subset", _) | (_, "client") => short.to_owned(),
                (_, "gateway") => entry.gateway.clone(),
                (_, "destination-rule") => format!("egressgateway-for-{short}"),
                (_, "mesh-leg") => format!("direct-{short}-through-egress-gateway"),
                // The shared layout has two more, which the organisation's page does not know.
                (_, "upstream") => format!("{short}-upstream"),
                (_, "gateway-leg") => format!("direct-{short}-from-egress-gateway"),
                _ => continue,
            };
            names.name(slot, chosen);
        }
        Ok(names)
    }
}

impl PinningPolicy for InfraNodes {
    fn pin_gateway(_: &Request, settings: &Settings) -> Result<Pin, Failure> {
        let required = settings.nodes.requirements().to_vec();
        Ok(Pin::place(Placement { required, ..Placement::default() }))
    }
}

export_policy!(InfraNodes: hosts, naming, pinning);

impl Settings {
    /// The short name and the entry of a host.
    fn entry(&self, host: &str) -> Option<(&str, &Entry)> {
        self.catalogue.iter().find(|(_, entry)| entry.host == host)
    }
}

fn infra() -> Selector {
    Selector::exists("node-role.kubernetes.io/infra")
}

fn stock_gateway() -> String {
    "istio-egressgateway".to_owned()
}

#[cfg(test)]
mod tests;
