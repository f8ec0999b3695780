//! Traffic leaves only from regions that are allowed for the namespace's data.
//!
//! A label of the namespace names the class of its data; the settings name the regions for each class. The policy does
//! not see what pods really send.
#![cfg_attr(target_family = "wasm", no_std)]

use egress_policy_sdk::prelude::*;

/// What the configuration file says.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// The regions that data of each class may be in.
    classes: Map<Vec<String>>,
    /// The label of a namespace that says the class of its data.
    #[serde(default = "class_label")]
    class_label: String,
    /// The label of a node that says its region.
    #[serde(default = "region_label")]
    region_label: String,
    /// The class of namespaces without a label; without it they are denied.
    default_class: Option<String>,
}

/// The policy.
pub struct ResidencyPinning;

const NO_CLASS: &str = "data-class-missing";
const UNKNOWN_CLASS: &str = "data-class-unknown";

impl Policy for ResidencyPinning {
    type Settings = Settings;
    const ID: &'static str = env!("CARGO_PKG_NAME");
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = env!("CARGO_PKG_DESCRIPTION");
    const NEEDS: &'static [Need] = &[Need::NamespaceLabels];
    const RULES: &'static [Rule] = &[
        Rule::new(NO_CLASS, "The namespace has no data class"),
        Rule::new(UNKNOWN_CLASS, "The namespace's data class is not in the settings"),
    ];
    const SETTINGS_SCHEMA: Option<&'static str> = Some(include_str!("../settings.schema.json"));
}

impl PinningPolicy for ResidencyPinning {
    fn pin_gateway(request: &Request, settings: &Settings) -> Result<Pin, Failure> {
        let Settings { classes, class_label, region_label, default_class } = settings;
        let denied = |code: &str, message: String| {
            let mut finding = Finding::deny(code, message);
            let remediation = format!(
                "label namespace {} with {class_label}=CLASS: {}",
                request.namespace,
                classes.names()
            );
            finding.path("namespace-labels").remediation(remediation);
            Pin { findings: vec![finding], ..Pin::default() }
        };
        let labelled = request.namespace_label(class_label);
        let Some(class) = labelled.or(default_class.as_deref()) else {
            return Ok(denied(
                NO_CLASS,
                format!("namespace {} has no label `{class_label}`", request.namespace),
            ));
        };
        let Some(regions) = classes.get(class) else {
            return Ok(denied(
                UNKNOWN_CLASS,
                format!("data class `{class}` is not in the policy's settings"),
            ));
        };
        let required = vec![Requirement::in_set(region_label, regions.iter().cloned())];
        let mut pin = Pin::place(Placement { required, ..Placement::default() });
        pin.explain("residency", "place", format!("data of class {class} may be in {}", regions.join(", ")));
        Ok(pin)
    }
}

export_policy!(ResidencyPinning: pinning);

fn class_label() -> String {
    "data-class".to_owned()
}

fn region_label() -> String {
    "topology.kubernetes.io/region".to_owned()
}

#[cfg(test)]
mod tests;
