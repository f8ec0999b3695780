//! The shape of the file, and what holds between its fields.
//!
//! What holds of one value alone, its type knows. Anchors and aliases have no use in the file and are refused.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::Error;
use serde_json::Value;

use super::quantity::{Count, Size, Time};
use super::values::{
    Builtin, Day, EffectWord, ExceptionDestination, FileKind, HookWord, Line, PolicyName, Prefix, TextValue,
    Version,
};
use super::{ConfiguredLimits, ExceptionEntry, MAXIMUM_BYTES, PolicyConfig, PolicyEntry, Source};
use crate::descriptor::Hook;
use crate::settings::canonical;
use egress_core::path::Path;
use egress_core::typed::{FieldError, or_default};
use egress_core::words;
use egress_core::yaml::{self, LocatedError};

/// A configuration as it stands in its file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    #[serde(rename = "apiVersion")]
    _api_version: TextValue<Version>,
    #[serde(rename = "kind")]
    _kind: TextValue<FileKind>,
    default: Option<TextValue<EffectWord>>,
    #[serde(default, deserialize_with = "or_default")]
    policies: Vec<FilePolicy>,
    naming: Option<FileNaming>,
    labels: Option<FileLabels>,
    #[serde(default, deserialize_with = "or_default")]
    exceptions: Vec<FileException>,
    #[serde(default, deserialize_with = "or_default")]
    limits: FileLimits,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FilePolicy {
    name: TextValue<PolicyName>,
    builtin: Option<TextValue<Builtin>>,
    source: Option<TextValue<Source>>,
    #[serde(rename = "use")]
    hooks: Option<Vec<TextValue<HookWord>>>,
    settings: Option<Value>,
    on_deny: Option<TextValue<Line>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileNaming {
    #[serde(rename = "use")]
    policy: TextValue<PolicyName>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileLabels {
    allow: Vec<TextValue<Prefix>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FileException {
    code: TextValue<PolicyName>,
    destination: TextValue<ExceptionDestination>,
    policy: Option<TextValue<PolicyName>>,
    until: TextValue<Day>,
    approved_by: TextValue<Line>,
    reason: TextValue<Line>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileLimits {
    wall: Option<Time>,
    fuel: Option<Count>,
    memory: Option<Size>,
    module: Option<Size>,
    compile: Option<Time>,
    nodes: Option<Count>,
}

/// Reads the file.
pub(super) fn parse(text: &str) -> Result<PolicyConfig, LocatedError> {
    let outside = |message: String| LocatedError { line: 1, column: 1, message };
    if text.len() > MAXIMUM_BYTES {
        return Err(outside(format!("expected at most {MAXIMUM_BYTES} bytes, found {}", text.len())));
    }
    let limits = yaml::YamlLimits { depth: 32, copies: 0, ..yaml::YamlLimits::default() };
    let file: Option<ConfigFile> = yaml::located(text, limits)?;
    let file = file.ok_or_else(|| outside("expected a policy set, found an empty file".to_owned()))?;
    let labels = file.labels.into_iter().flat_map(|labels| labels.allow);
    Ok(PolicyConfig {
        default: file.default.map(|effect| effect.0.0),
        policies: policies(text, file.policies)?,
        naming: file.naming.map(|naming| naming.policy.0.0),
        label_prefixes: labels.map(|prefix| prefix.0.0).collect(),
        exceptions: file.exceptions.into_iter().map(exception).collect(),
        limits: limits_of(&file.limits),
    })
}

fn policies(text: &str, found: Vec<FilePolicy>) -> Result<Vec<PolicyEntry>, LocatedError> {
    let paths: Vec<Path> = (0..found.len()).map(|item| Path(vec!["policies".into(), item.into()])).collect();
    let places = yaml::places(text, &paths);
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    let mut entries = Vec::new();
    for (item, (policy, place)) in found.into_iter().zip(places).enumerate() {
        let line = place.value.line;
        let refused = |error: FieldError| yaml::locate(text, &error.below(item).below("policies"));
        let entry = entry(policy, line).map_err(refused)?;
        if let Some(first) = lines.insert(entry.name.clone(), line) {
            let message = format!(
                "expected a name that no other policy has, found `{}` again; it is first used in line {first}",
                entry.name
            );
            return Err(refused(FieldError::custom(message).below("name")));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn entry(policy: FilePolicy, line: usize) -> Result<PolicyEntry, FieldError> {
    let source = match (policy.builtin, policy.source) {
        (Some(_), None) => Source::Builtin,
        (None, Some(source)) => source.0,
        (Some(_), Some(_)) => {
            let error = FieldError::custom("expected `builtin` or `source`, found both");
            return Err(error.below("source"));
        }
        (None, None) => {
            let message = "expected `builtin: rules`, or `source` with `./FILE.wasm`, `configmap://NAME/KEY` or \
                           `oci://HOST/REPOSITORY:TAG`, found neither";
            return Err(FieldError::custom(message).below("name"));
        }
    };
    let settings = policy.settings.filter(|settings| !settings.is_null());
    Ok(PolicyEntry {
        name: policy.name.0.0,
        source,
        hooks: policy.hooks.map(hooks).transpose().map_err(|error| error.below("use"))?,
        settings: settings.as_ref().map_or_else(|| "{}".to_owned(), canonical),
        on_deny: policy.on_deny.map(|text| text.0.0),
        line,
    })
}

fn hooks(found: Vec<TextValue<HookWord>>) -> Result<BTreeSet<Hook>, FieldError> {
    let mut hooks = BTreeSet::new();
    for (item, TextValue(HookWord(hook))) in found.into_iter().enumerate() {
        if !hooks.insert(hook) {
            let error = FieldError::custom(format!("expected each hook once, found `{hook}` again"));
            return Err(error.below(item));
        }
    }
    if hooks.is_empty() {
        let words = words::list(&Hook::ALL.map(|hook| format!("`{hook}`")), "and");
        return Err(FieldError::custom(format!("expected at least one of {words}, found none")));
    }
    Ok(hooks)
}

fn exception(found: FileException) -> ExceptionEntry {
    ExceptionEntry {
        code: found.code.0.0,
        destination: found.destination.0.0,
        policy: found.policy.map(|name| name.0.0),
        until: found.until.0.0,
        approved_by: found.approved_by.0.0,
        reason: found.reason.0.0,
    }
}

fn limits_of(found: &FileLimits) -> ConfiguredLimits {
    ConfiguredLimits {
        wall: found.wall.map(|time| time.0),
        fuel: found.fuel.map(|count| count.0),
        memory: found.memory.map(|size| size.0),
        module: found.module.map(|size| size.0),
        compile: found.compile.map(|time| time.0),
        nodes: found.nodes.map(|count| count.0),
    }
}
