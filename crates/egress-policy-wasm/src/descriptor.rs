//! What a module says of itself, checked: an id, a version, needs that can be met.

use std::collections::BTreeSet;

use egress_policy::descriptor::{Descriptor, Need, Rule};

use crate::bindings::exports::kubectl_egress::policy::meta;
use crate::error::ModuleError;
use crate::limits::Limits;
use crate::text;

/// The longest id or code: it has to fit a label.
const WORD: usize = 63;
/// The longest schema of settings.
const SCHEMA: usize = 256 << 10;

/// Reads a descriptor.
pub(crate) fn read(told: meta::Descriptor, limits: &Limits) -> Result<Descriptor, ModuleError> {
    let wrong = |words: String| Err(ModuleError::Descriptor(words));
    if !is_kebab_case(&told.id) {
        return wrong(format!(
            "its id {} is not in kebab-case, such as `acme-hosts`",
            text::quoted(&told.id)
        ));
    }
    if semver::Version::parse(&told.version).is_err() || !text::is_clean(&told.version, WORD) {
        return wrong(format!(
            "its version {} is not a version such as `1.2.0`",
            text::quoted(&told.version)
        ));
    }
    let mut needs = BTreeSet::new();
    for word in &told.needs {
        let Some(need) = Need::ALL.into_iter().find(|need| need.word() == word) else {
            let known = Need::ALL.map(Need::word).join(", ");
            return wrong(format!("it needs {}; available is only {known}", text::quoted(word)));
        };
        needs.insert(need);
    }
    if let Some(verb) = told.verbs.iter().find(|verb| !matches!(verb.as_str(), "add" | "remove")) {
        return wrong(format!("it judges {}; possible are only add and remove", text::quoted(verb)));
    }
    let settings_schema = match told.settings_schema {
        Some(schema) if schema.len() > SCHEMA => {
            return wrong(format!("the schema of its settings has more than {}", crate::words::size(SCHEMA)));
        }
        Some(schema) if serde_json::from_str::<serde_json::Value>(&schema).is_err() => {
            return wrong("the schema of its settings is not JSON".to_owned());
        }
        schema => schema,
    };
    let clean = |text: &str| text::clean(text, limits.text);
    Ok(Descriptor {
        id: told.id,
        version: told.version,
        title: clean(&told.title),
        docs: told.docs.as_deref().map(clean),
        needs: needs.into_iter().collect(),
        verbs: BTreeSet::from_iter(told.verbs).into_iter().collect(),
        settings_schema,
        rules: rules(told.rules, limits)?,
    })
}

/// Words of small letters and digits with one dash between them.
pub(crate) fn is_kebab_case(text: &str) -> bool {
    text.len() <= WORD
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.split('-').all(|word| {
            !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

fn rules(told: Vec<meta::Rule>, limits: &Limits) -> Result<Vec<Rule>, ModuleError> {
    let clean = |text: &str| text::clean(text, limits.text);
    if told.len() > limits.findings {
        return Err(ModuleError::Descriptor(format!("it has more than {} rules", limits.findings)));
    }
    let mut codes = BTreeSet::new();
    for rule in &told {
        let problem = match is_kebab_case(&rule.code) {
            false => "is not in kebab-case",
            true if !codes.insert(&rule.code) => "appears twice",
            true => continue,
        };
        return Err(ModuleError::Descriptor(format!("its rule {} {problem}", text::quoted(&rule.code))));
    }
    let rule = |rule: meta::Rule| Rule {
        title: clean(&rule.title),
        docs: rule.docs.as_deref().map(clean),
        code: rule.code,
    };
    Ok(told.into_iter().map(rule).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kebab_case_is_what_a_label_and_a_file_name_can_hold() {
        for good in ["a", "acme-hosts", "v2-hosts-3"] {
            assert!(is_kebab_case(good), "{good}");
        }
        for bad in ["", "-", "a-", "-a", "a--b", "Acme", "a_b", "2a", "a.b", "ä", &"a".repeat(64)] {
            assert!(!is_kebab_case(bad), "{bad}");
        }
    }
}
