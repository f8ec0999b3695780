//! The shape of the file, read item by item so that each keeps its line and column.
//!
//! Anchors and aliases have no use in it, so the parser's budget refuses them before anything is expanded.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::problem::{at, problem};
use super::quantity::{Count, Size, Time};
use super::{
    API_VERSION, ConfigError, Entry, ExceptionEntry, KIND, Limits, MAXIMUM_BYTES, PolicySet, Source,
};
use crate::host::{printable, quoted};
use crate::intent::is_label;
use crate::policy::descriptor::Hook;
use crate::policy::label::is_subdomain;
use crate::policy::member::Effect;
use crate::policy::rules::glob::HostGlob;
use crate::policy::settings::canonical;
use crate::policy::words::unknown;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "apiVersion")]
    api_version: Spanned<String>,
    kind: Spanned<String>,
    default: Option<Spanned<String>>,
    #[serde(default)]
    policies: Vec<Spanned<FilePolicy>>,
    naming: Option<FileNaming>,
    labels: Option<FileLabels>,
    #[serde(default)]
    exceptions: Vec<Spanned<FileException>>,
    #[serde(default)]
    limits: FileLimits,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FilePolicy {
    name: Spanned<String>,
    builtin: Option<Spanned<String>>,
    source: Option<Spanned<String>>,
    #[serde(rename = "use")]
    hooks: Option<Spanned<Vec<Spanned<String>>>>,
    settings: Option<Value>,
    on_deny: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileNaming {
    #[serde(rename = "use")]
    policy: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileLabels {
    allow: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FileException {
    code: Spanned<String>,
    destination: Spanned<String>,
    policy: Option<Spanned<String>>,
    until: Spanned<String>,
    approved_by: Spanned<String>,
    reason: Spanned<String>,
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
pub(super) fn parse(text: &str) -> Result<PolicySet, ConfigError> {
    if text.len() > MAXIMUM_BYTES {
        let message = format!("expected at most {MAXIMUM_BYTES} bytes, found {}", text.len());
        return Err(ConfigError { line: 1, column: 1, message });
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_anchors: 0,
            max_aliases: 0,
            max_documents: 1,
            max_depth: 32,
            flow_nesting_limit: 32,
            max_events: 400_000,
            max_nodes: 400_000,
            max_total_scalar_bytes: MAXIMUM_BYTES,
        },
        emit_comments: false,
        with_snippet: false,
    };
    let file: File = serde_saphyr::from_str_with_options(text, options).map_err(|error| problem(&error))?;
    the_words(&file.api_version, API_VERSION)?;
    the_words(&file.kind, KIND)?;
    let naming = file.naming.map(|naming| name(&naming.policy)).transpose()?;
    let prefixes = file.labels.iter().flat_map(|labels| &labels.allow).map(prefix);
    let exceptions = file.exceptions.iter().map(|item| exception(&item.value));
    Ok(PolicySet {
        default: file.default.as_ref().map(effect).transpose()?,
        policies: policies(file.policies)?,
        naming,
        label_prefixes: prefixes.collect::<Result<_, _>>()?,
        exceptions: exceptions.collect::<Result<_, _>>()?,
        limits: limits(&file.limits),
    })
}

fn the_words(found: &Spanned<String>, expected: &str) -> Result<(), ConfigError> {
    if found.value == expected {
        return Ok(());
    }
    Err(at(found, format!("expected `{expected}`, found {}", quoted(&found.value))))
}

fn policies(found: Vec<Spanned<FilePolicy>>) -> Result<Vec<Entry>, ConfigError> {
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    let mut entries = Vec::new();
    for item in found {
        let line = usize::try_from(item.referenced.line()).unwrap_or(usize::MAX);
        let entry = entry(&item, line)?;
        if let Some(first) = lines.insert(entry.name.clone(), line) {
            let message = format!(
                "expected a name that no other policy has, found `{}` again; it is first used in line {first}",
                entry.name
            );
            return Err(at(&item.value.name, message));
        }
        entries.push(entry);
    }
    Ok(entries)
}

fn entry(item: &Spanned<FilePolicy>, line: usize) -> Result<Entry, ConfigError> {
    let policy = &item.value;
    let source = match (&policy.builtin, &policy.source) {
        (Some(builtin), None) if builtin.value == "rules" => Source::Builtin,
        (Some(builtin), None) => {
            let message =
                format!("expected `rules`, the only built-in policy, found {}", quoted(&builtin.value));
            return Err(at(builtin, message));
        }
        (None, Some(source)) => source.value.parse().map_err(|message| at(source, message))?,
        (Some(_), Some(source)) => {
            return Err(at(source, "expected `builtin` or `source`, found both".to_owned()));
        }
        (None, None) => {
            let message = "expected `builtin: rules`, or `source` with `./FILE.wasm`, `configmap://NAME/KEY` or \
                           `oci://HOST/REPOSITORY:TAG`, found neither";
            return Err(at(&policy.name, message.to_owned()));
        }
    };
    let settings = policy.settings.as_ref().filter(|settings| !settings.is_null());
    Ok(Entry {
        name: name(&policy.name)?,
        source,
        hooks: policy.hooks.as_ref().map(hooks).transpose()?,
        settings: settings.map_or_else(|| "{}".to_owned(), canonical),
        on_deny: policy.on_deny.as_ref().map(some_text).transpose()?,
        line,
    })
}

fn effect(found: &Spanned<String>) -> Result<Effect, ConfigError> {
    match found.value.as_str() {
        "allow" => Ok(Effect::Allow),
        "deny" => Ok(Effect::Deny),
        other => Err(at(found, unknown("word", other, &["allow", "deny"]))),
    }
}

fn hooks(found: &Spanned<Vec<Spanned<String>>>) -> Result<BTreeSet<Hook>, ConfigError> {
    let mut hooks = BTreeSet::new();
    for item in &found.value {
        let hook = Hook::ALL.into_iter().find(|hook| hook.word() == item.value);
        let words = Hook::ALL.map(Hook::word);
        let hook = hook.ok_or_else(|| at(item, unknown("word", &item.value, &words)))?;
        if !hooks.insert(hook) {
            return Err(at(item, format!("expected each hook once, found `{hook}` again")));
        }
    }
    if hooks.is_empty() {
        let message = "expected at least one of `hosts`, `naming` and `pinning`, found none";
        return Err(at(found, message.to_owned()));
    }
    Ok(hooks)
}

fn exception(found: &FileException) -> Result<ExceptionEntry, ConfigError> {
    let destination: HostGlob =
        found.destination.value.parse().map_err(|error| at(&found.destination, format!("{error}")))?;
    if destination.is_every_host() {
        let message = "expected a host or `*.` and a host, found `*`: an exception for every host would disable the rule";
        return Err(at(&found.destination, message.to_owned()));
    }
    Ok(ExceptionEntry {
        code: name(&found.code)?,
        destination,
        policy: found.policy.as_ref().map(name).transpose()?,
        until: date(&found.until)?,
        approved_by: some_text(&found.approved_by)?,
        reason: some_text(&found.reason)?,
    })
}

fn date(found: &Spanned<String>) -> Result<Date, ConfigError> {
    // A date and nothing more: a time of day would need a zone, and nobody reviews to the hour.
    let parsed = found.value.parse().ok().filter(|_| found.value.len() == "2026-12-31".len());
    parsed.ok_or_else(|| {
        at(found, format!("expected a day such as `2026-12-31`, found {}", quoted(&found.value)))
    })
}

fn name(found: &Spanned<String>) -> Result<String, ConfigError> {
    if is_label(&found.value) {
        return Ok(found.value.clone());
    }
    let message = format!(
        "expected a name of at most 63 lower-case letters, digits and `-` inside, found {}",
        quoted(&found.value)
    );
    Err(at(found, message))
}

/// A prefix of labels: what stands before the `/`.
fn prefix(found: &Spanned<String>) -> Result<String, ConfigError> {
    if is_subdomain(&found.value) {
        return Ok(found.value.clone());
    }
    let message = format!(
        "expected the prefix of labels and annotations, such as `acme.com` for `acme.com/owner`, found {}",
        quoted(&found.value)
    );
    Err(at(found, message))
}

fn some_text(found: &Spanned<String>) -> Result<String, ConfigError> {
    let text = found.value.trim();
    if text.is_empty() || text.contains(char::is_control) {
        return Err(at(found, format!("expected one line of text, found {}", quoted(&printable(text)))));
    }
    Ok(text.to_owned())
}

fn limits(found: &FileLimits) -> Limits {
    Limits {
        wall: found.wall.map(|time| time.0),
        fuel: found.fuel.map(|count| count.0),
        memory: found.memory.map(|size| size.0),
        module: found.module.map(|size| size.0),
        compile: found.compile.map(|time| time.0),
        nodes: found.nodes.map(|count| count.0),
    }
}
