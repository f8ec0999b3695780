//! Templates of names and of labels: `{host}-{role}`, `{label:team}`.
//!
//! Knows which words there are. What a name must look like is not decided here.

use core::fmt;

use egress_policy_sdk::name;
use egress_policy_sdk::prelude::*;

/// Text with places that are filled for each object.
pub(super) struct Template(Vec<Part>);

enum Part {
    Text(String),
    Host,
    Namespace,
    Role,
    Hash,
    NamespaceLabel(String),
}

/// A label of the namespace that a template names and the namespace lacks.
pub(super) struct Missing<'t>(pub(super) &'t str);

/// A word between braces that is none.
pub(super) struct UnknownWord(String);

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, UnknownWord> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (word, after) = after.split_once('}').ok_or_else(|| UnknownWord(after.to_owned()))?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::of(word)?);
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Template(parts))
    }

    /// Whether names made of it tell the objects of one host apart.
    pub(super) fn has_role(&self) -> bool {
        self.0.iter().any(|part| matches!(part, Part::Role))
    }

    /// The text for one object of one host.
    pub(super) fn fill(&self, request: &Request, slot: &Slot, host: &str) -> Result<String, Missing<'_>> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Host => text.push_str(&name::slug(host)),
                Part::Namespace => text.push_str(&slot.namespace),
                Part::Role => text.push_str(&slot.role),
                Part::Hash => text.push_str(&name::digits(host, 6)),
                Part::NamespaceLabel(key) => text.push_str(request.namespace_label(key).ok_or(Missing(key))?),
            }
        }
        Ok(text)
    }
}

impl Part {
    fn of(word: &str) -> Result<Self, UnknownWord> {
        Ok(match word {
            "host" => Part::Host,
            "namespace" => Part::Namespace,
            "role" => Part::Role,
            "hash" => Part::Hash,
            _ => match word.strip_prefix("label:") {
                Some(key) => Part::NamespaceLabel(key.to_owned()),
                None => return Err(UnknownWord(word.to_owned())),
            },
        })
    }
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "`{}` is not one of {{host}}, {{namespace}}, {{role}}, {{hash}} and {{label:KEY}}",
            self.0
        )
    }
}
