//! Traffic leaves on dedicated nodes in several zones.
//!
//! Names the labels that the gateway's nodes need. If the cluster has too few such nodes, it denies first. kubectl-egress
//! finds the gateway that runs there.
#![cfg_attr(target_family = "wasm", no_std)]

use egress_policy_sdk::prelude::*;

/// What the configuration file says.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// The labels of the dedicated nodes.
    nodes: Selector,
    /// In how many zones the gateway must run.
    zones: u32,
    /// On how many nodes the gateway must run.
    min_nodes: u32,
    /// The label that says a node's zone.
    zone_label: String,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            nodes: Selector::exists("node-role.kubernetes.io/egress"),
            zones: 2,
            min_nodes: 2,
            zone_label: "topology.kubernetes.io/zone".to_owned(),
        }
    }
}

/// The policy.
pub struct ZoneSpreadPinning;

const TOO_FEW_ZONES: &str = "too-few-zones";
const TOO_FEW_NODES: &str = "too-few-nodes";

impl Policy for ZoneSpreadPinning {
    type Settings = Settings;
    const ID: &'static str = env!("CARGO_PKG_NAME");
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = env!("CARGO_PKG_DESCRIPTION");
    const NEEDS: &'static [Need] = &[Need::Nodes];
    const RULES: &'static [Rule] = &[
        Rule::new(TOO_FEW_ZONES, "The cluster's dedicated nodes are in too few zones"),
        Rule::new(TOO_FEW_NODES, "The cluster has too few dedicated nodes"),
    ];
    const SETTINGS_SCHEMA: Option<&'static str> = Some(include_str!("../settings.schema.json"));
}

impl PinningPolicy for ZoneSpreadPinning {
    fn pin_gateway(request: &Request, settings: &Settings) -> Result<Pin, Failure> {
        let required = settings.nodes.requirements().to_vec();
        let spread = Some(Spread::over(&settings.zone_label, settings.zones));
        let mut pin =
            Pin::place(Placement { required, spread, min_nodes: settings.min_nodes, ..Placement::default() });
        // Without permission to read nodes this list is empty. The placement still applies to the gateway's nodes.
        if request.nodes.is_empty() {
            return Ok(pin);
        }
        let usable = |node: &&Node| node.ready && node.schedulable && settings.nodes.matches(&node.labels);
        let nodes: Vec<&Node> = request.nodes.iter().filter(usable).collect();
        let mut zones: Vec<&str> = Vec::new();
        for zone in nodes.iter().filter_map(|node| node.label(&settings.zone_label)) {
            // Sorted, since nodes come in any order.
            if let Err(place) = zones.binary_search(&zone) {
                zones.insert(place, zone);
            }
        }
        if is_below(nodes.len(), settings.min_nodes) {
            let mut finding = Finding::deny(
                TOO_FEW_NODES,
                format!(
                    "{} of {} nodes are dedicated, ready and not cordoned; {} are needed",
                    nodes.len(),
                    request.nodes.len(),
                    settings.min_nodes
                ),
            );
            finding.path("nodes").remediation("label more nodes for egress, or make them ready");
            pin.findings.push(finding);
        } else if is_below(zones.len(), settings.zones) {
            let mut finding = Finding::deny(
                TOO_FEW_ZONES,
                format!("the dedicated nodes are in {} of {} required zones", zones.len(), settings.zones),
            );
            finding
                .path("nodes")
                .evidence("zones", zones.join(", "))
                .remediation("label nodes in another zone for egress");
            pin.findings.push(finding);
        }
        Ok(pin)
    }
}

export_policy!(ZoneSpreadPinning: pinning);

fn is_below(count: usize, needed: u32) -> bool {
    u32::try_from(count).is_ok_and(|count| count < needed)
}

#[cfg(test)]
mod tests;
