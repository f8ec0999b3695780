//! The settings of the rules, read strictly: what is not understood is not passed over.

mod reader;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::reader::SettingsReader;
use super::glob::HostGlob;
use super::template::Template;
use crate::answer::{Finding, Operator, Placement, Requirement, Severity, Spread};
use crate::descriptor::Hook;

/// The fields, in the order of the documentation.
const FIELDS: [&str; 9] =
    ["allow", "deny", "others", "namespaces", "hop", "names", "labels", "annotations", "pin"];

/// The settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Settings {
    /// What may be reached; `None`: not said.
    pub(super) allow: Option<Vec<HostGlob>>,
    /// What may not.
    pub(super) deny: Vec<HostGlob>,
    /// What happens to what is in no list, where there is a list of what may be reached.
    pub(super) others: Others,
    /// The callers' namespaces it is about; empty: all of them.
    pub(super) namespaces: Vec<String>,
    /// How HTTP must travel to the gateway.
    pub(super) hop: Option<String>,
    /// What objects are called.
    pub(super) names: Option<Template>,
    /// What objects carry.
    pub(super) labels: BTreeMap<String, String>,
    /// What objects carry.
    pub(super) annotations: BTreeMap<String, String>,
    /// Where traffic may leave.
    pub(super) pin: Option<Placement>,
}

/// What happens to a host that is in no list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Others {
    /// It is denied.
    #[default]
    Deny,
    /// It is left to other policies, and to the default.
    Abstain,
}

impl Settings {
    /// The questions that they answer.
    pub(super) fn hooks(&self) -> BTreeSet<Hook> {
        let hosts = self.allow.is_some() || !self.deny.is_empty() || self.hop.is_some();
        let naming = self.names.is_some() || !self.labels.is_empty() || !self.annotations.is_empty();
        let answered = [(Hook::Hosts, hosts), (Hook::Naming, naming), (Hook::Pinning, self.pin.is_some())];
        answered.into_iter().filter(|(_, answers)| *answers).map(|(hook, _)| hook).collect()
    }

    /// Whether they are about callers in this namespace.
    pub(super) fn concerns(&self, namespace: &str) -> bool {
        self.namespaces.is_empty() || self.namespaces.iter().any(|glob| matches(glob, namespace))
    }

    /// What is not wrong, and will be a surprise.
    pub(super) fn advice(&self) -> Vec<Finding> {
        let names = self.names.iter().filter(|names| !names.tells_hosts_apart());
        let advice = names.map(|names| {
            let message = format!(
                "`{names}` may give two hosts the same name, and the second `add` would fail; put `{{hash6}}` into it"
            );
            Finding::at("settings.names".to_owned(), "names-not-unique", Severity::Warn, message)
        });
        advice.collect()
    }
}

/// Reads settings, given as JSON. All that is wrong is told at once.
pub(super) fn parse(text: &str) -> Result<Settings, Vec<Finding>> {
    let mut reader = SettingsReader::default();
    let settings = match serde_json::from_str::<Value>(text) {
        Ok(value) => read(&mut reader, &value),
        Err(error) => {
            reader.wrong("settings", format!("expected JSON: {error}"));
            Settings::default()
        }
    };
    if reader.findings.is_empty() && settings.hooks().is_empty() {
        let message = "expected at least one of `allow`, `deny`, `hop`, `names`, `labels`, `annotations` and `pin`, found none";
        reader.wrong("settings", message.to_owned());
    }
    if reader.findings.is_empty() { Ok(settings) } else { Err(reader.findings) }
}

fn read(reader: &mut SettingsReader, value: &Value) -> Settings {
    let fields = reader.fields(value, "settings", &FIELDS);
    let get = |name: &str| fields.get(name).copied();
    let hop = |reader: &mut SettingsReader, value| {
        reader.word(value, "settings.hop", &["mtls", "plain", "passthrough"])
    };
    let pairs = get("annotations").map(|value| reader.annotations(value, "settings.annotations"));
    Settings {
        allow: get("allow").map(|value| allowed(reader, value)),
        deny: get("deny").map(|value| reader.parsed(value, "settings.deny")).unwrap_or_default(),
        others: get("others").map(|value| others(reader, value)).unwrap_or_default(),
        namespaces: get("namespaces")
            .map(|value| reader.parsed(value, "settings.namespaces"))
            .unwrap_or_default(),
        hop: get("hop").and_then(|value| hop(reader, value)).map(str::to_owned),
        names: get("names").and_then(|value| reader.one(value, "settings.names")),
        labels: get("labels").map(|value| reader.labels(value, "settings.labels")).unwrap_or_default(),
        annotations: pairs.unwrap_or_default(),
        pin: get("pin").map(|value| pin(reader, value)),
    }
}

fn allowed(reader: &mut SettingsReader, value: &Value) -> Vec<HostGlob> {
    let globs: Vec<HostGlob> = reader.parsed(value, "settings.allow");
    if let Some(glob) = globs.iter().find(|glob| glob.is_every_host()) {
        let message = format!("expected hosts, found `{glob}`: only `deny` may cover every host");
        reader.wrong("settings.allow", message);
    }
    globs
}

fn others(reader: &mut SettingsReader, value: &Value) -> Others {
    match reader.word(value, "settings.others", &["deny", "abstain"]) {
        Some("abstain") => Others::Abstain,
        _ => Others::Deny,
    }
}

fn pin(reader: &mut SettingsReader, value: &Value) -> Placement {
    let at = "settings.pin";
    let fields = reader.fields(value, at, &["matchLabels", "matchExpressions", "minNodes", "spread"]);
    let get = |name: &str| fields.get(name).copied();
    let labels = get("matchLabels").map(|value| reader.labels(value, "settings.pin.matchLabels"));
    let mut required: Vec<Requirement> = labels
        .unwrap_or_default()
        .into_iter()
        .map(|(key, value)| Requirement { key, operator: Operator::In, values: vec![value] })
        .collect();
    let expressions =
        get("matchExpressions").and_then(|value| reader.list(value, "settings.pin.matchExpressions"));
    for (place, value) in expressions.into_iter().flatten().enumerate() {
        required.extend(expression(reader, value, &format!("settings.pin.matchExpressions[{place}]")));
    }
    let min_nodes = get("minNodes").and_then(|value| reader.count(value, "settings.pin.minNodes"));
    let spread = get("spread").and_then(|value| {
        let fields = reader.fields(value, "settings.pin.spread", &["key", "atLeast"]);
        let key = reader.key(fields.get("key").copied(), "settings.pin.spread.key")?;
        let at_least =
            fields.get("atLeast").and_then(|value| reader.count(value, "settings.pin.spread.atLeast"));
        Some(Spread { key, at_least: at_least.unwrap_or(2) })
    });
    let placement = Placement { required, preferred: Vec::new(), spread, min_nodes: min_nodes.unwrap_or(0) };
    if placement == Placement::default() && reader.findings.is_empty() {
        let message = "expected `matchLabels`, `matchExpressions`, `minNodes` or `spread`, found nothing";
        reader.wrong(at, message.to_owned());
    }
    placement
}

fn expression(reader: &mut SettingsReader, value: &Value, at: &str) -> Option<Requirement> {
    let fields = reader.fields(value, at, &["key", "operator", "values"]);
    let key = reader.key(fields.get("key").copied(), &format!("{at}.key"))?;
    let words = ["In", "NotIn", "Exists", "DoesNotExist"];
    let Some(word) = fields.get("operator").copied() else {
        reader.wrong(at, "expected the field `operator`, found none".to_owned());
        return None;
    };
    let operator = match reader.word(word, &format!("{at}.operator"), &words)? {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        _ => Operator::DoesNotExist,
    };
    let at_values = format!("{at}.values");
    let values = fields.get("values").map(|value| reader.parsed(value, &at_values)).unwrap_or_default();
    if matches!(operator, Operator::In | Operator::NotIn) == values.is_empty() {
        let expected = if values.is_empty() {
            "at least one value"
        } else {
            "no values beside `Exists` and `DoesNotExist`"
        };
        reader.wrong(&at_values, format!("expected {expected}, found {}", values.len()));
        return None;
    }
    Some(Requirement { key, operator, values })
}

/// `team-*`: a star stands for any characters, also for none.
fn matches(glob: &str, text: &str) -> bool {
    match glob.split_once('*') {
        None => glob == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices()
                .map(|(place, _)| place)
                .chain([rest.len()])
                .any(|place| rest.get(place..).is_some_and(|tail| matches(after, tail)))
        }),
    }
}
