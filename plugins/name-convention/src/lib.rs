//! Objects are named and labelled after a template.
//!
//! This applies only to the objects of a host. The objects that all hosts of a gateway share keep their names, as other
//! namespaces use them too. A naming policy gets no user, time or reason, since a name must be the same in every run. The
//! same holds for labels.
#![cfg_attr(target_family = "wasm", no_std)]

mod template;

use egress_policy_sdk::name;
use egress_policy_sdk::prelude::*;
use template::{Missing, Template};

/// What the configuration file says.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// The name of an object, of `{host}` (dots as dashes), `{namespace}`, `{role}`, `{hash}` (6 digits of the host's)
    /// and `{label:KEY}` (of the namespace). Without `{role}` the second object of a kind gets it at the end.
    name: String,
    /// Labels that every object gets; values may use the same words.
    #[serde(default)]
    labels: Map<String>,
    /// Annotations that every object gets; values may use the same words.
    #[serde(default)]
    annotations: Map<String>,
}

/// The policy.
pub struct NameConvention;

const LABEL_MISSING: &str = "namespace-label-missing";
/// Each layout has two objects of these kinds for a host; these are the second ones.
const SECOND_OF_KIND: &[&str] = &["upstream", "gateway-leg"];

impl Policy for NameConvention {
    type Settings = Settings;
    const ID: &'static str = env!("CARGO_PKG_NAME");
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = env!("CARGO_PKG_DESCRIPTION");
    const NEEDS: &'static [Need] = &[Need::NamespaceLabels];
    const RULES: &'static [Rule] =
        &[Rule::new(LABEL_MISSING, "The namespace lacks a label that the names use")];
    const SETTINGS_SCHEMA: Option<&'static str> = Some(include_str!("../settings.schema.json"));

    fn check_settings(settings: &Settings) -> Vec<Finding> {
        let texts = settings.labels.iter().chain(settings.annotations.iter()).map(|(_, text)| text);
        let invalid =
            [&settings.name].into_iter().chain(texts).filter_map(|text| Template::parse(text).err());
        invalid.map(|error| Finding::deny("invalid-template", error.to_string())).collect()
    }
}

impl NamingPolicy for NameConvention {
    fn name_objects(request: &Request, slots: &[Slot], settings: &Settings) -> Result<Names, Failure> {
        let convention = Convention::of(settings)?;
        let mut names = Names::default();
        for slot in slots {
            let Some(host) = &slot.host else { continue };
            if let Err(Missing(key)) = convention.name(&mut names, request, slot, host) {
                let message = format!("namespace {} has no label `{key}`", request.namespace);
                let mut finding = Finding::deny(LABEL_MISSING, message);
                finding.path("namespace-labels");
                finding.remediation(format!("kubectl label namespace {} {key}=VALUE", request.namespace));
                return Ok(Names { findings: vec![finding], ..Names::default() });
            }
        }
        Ok(names)
    }
}

export_policy!(NameConvention: naming);

/// The settings, read.
struct Convention<'s> {
    name: Template,
    labels: Vec<(&'s str, Template)>,
    annotations: Vec<(&'s str, Template)>,
}

impl<'s> Convention<'s> {
    fn of(settings: &'s Settings) -> Result<Self, Failure> {
        let read = |text: &str| Template::parse(text).map_err(|error| Failure::Internal(error.to_string()));
        let all = |texts: &'s Map<String>| {
            texts.iter().map(|(key, text)| Ok((key, read(text)?))).collect::<Result<Vec<_>, _>>()
        };
        let (labels, annotations) = (all(&settings.labels)?, all(&settings.annotations)?);
        Ok(Convention { name: read(&settings.name)?, labels, annotations })
    }

    fn name(&self, names: &mut Names, request: &Request, slot: &Slot, host: &str) -> Result<(), Missing<'_>> {
        let filled = name::slug(&self.name.fill(request, slot, host)?);
        let second = !self.name.has_role() && SECOND_OF_KIND.contains(&slot.role.as_str());
        let whole = if second { format!("{filled}-{}", slot.role) } else { filled };
        let longest = usize::try_from(slot.max_length).unwrap_or(name::LONGEST_LABEL);
        let of = format!("{host} {}", slot.role);
        let name = names.name(slot, name::fit(&whole, &of, longest.min(name::LONGEST_LABEL)));
        for (key, value) in &self.labels {
            name.label(key, value.fill(request, slot, host)?);
        }
        for (key, value) in &self.annotations {
            name.annotation(key, value.fill(request, slot, host)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
