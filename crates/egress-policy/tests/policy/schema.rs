//! The published schema of the configuration says what the parser does.

use std::collections::BTreeSet;

use egress_policy::config::PolicyConfig;
use egress_policy::descriptor::Hook;
use egress_policy::rules::SETTINGS_SCHEMA;
use libtest_mimic::Trial;
use serde_json::Value;

const SCHEMA: &str = include_str!("../../../../docs/schema/egress-policy.json");

type Agreement = fn() -> Result<(), String>;

pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, Agreement); 5] = [
        ("every good file is valid by the schema, and every file with a wrong shape is not", files_agree),
        ("a field without a value is valid by the schema where the parser takes it", nulls_agree),
        ("the schema knows the fields that the parser knows", fields_agree),
        ("the schema has the settings of the built-in rules", rules_agree),
        ("the schema knows the questions that policies answer", hooks_agree),
    ];
    tests.into_iter().map(|(name, test)| Trial::test(name, move || test().map_err(Into::into))).collect()
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).expect("the schema is JSON")
}

fn files_agree() -> Result<(), String> {
    jsonschema::draft202012::meta::validate(&schema()).map_err(|error| error.to_string())?;
    let validator = jsonschema::validator_for(&schema()).map_err(|error| error.to_string())?;
    for case in crate::directories(&crate::root().join("config")) {
        let name = crate::last(&case);
        // A schema sees values: what is wrong with the notation, with dates and with repeated names, it cannot see.
        let shape = name.starts_with("good-") || name.starts_with("bad-shape-");
        let text = crate::read(&case, "egress-policy.yaml")?;
        if let Some(document) = serde_yaml::from_str::<Value>(&text).ok().filter(|_| shape) {
            let errors: Vec<String> =
                validator.iter_errors(&document).map(|error| error.to_string()).collect();
            if errors.is_empty() != name.starts_with("good-") {
                return Err(format!("{name}: {errors:?}"));
            }
        }
    }
    Ok(())
}

/// Takes away one value after the other. What is inside the settings of the built-in rules is read by them, not here.
fn nulls_agree() -> Result<(), String> {
    let validator = jsonschema::validator_for(&schema()).map_err(|error| error.to_string())?;
    let config = crate::root().join("config");
    for case in ["good-everything", "good-labels"] {
        let text = crate::read(&config.join(case), "egress-policy.yaml")?;
        let document: Value = serde_yaml::from_str(&text).map_err(|error| error.to_string())?;
        let mut pointers = Vec::new();
        fields(&document, "", &mut pointers);
        for pointer in pointers {
            let mut without = document.clone();
            *without.pointer_mut(&pointer).ok_or("a field of the document")? = Value::Null;
            let text = serde_yaml::to_string(&without).map_err(|error| error.to_string())?;
            let parsed = PolicyConfig::parse(&text);
            if parsed.is_ok() != validator.is_valid(&without) {
                return Err(format!("{case}: {pointer}: null: the parser says {parsed:?}"));
            }
        }
    }
    Ok(())
}

/// The place of every value, except those inside `settings`.
fn fields(value: &Value, at: &str, found: &mut Vec<String>) {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    for (key, value) in below {
        let pointer = format!("{at}/{key}");
        if key != "settings" {
            fields(value, &pointer, found);
        }
        found.push(pointer);
    }
}

/// The parser names all fields it knows when it meets one it does not know.
fn fields_agree() -> Result<(), String> {
    let head = "apiVersion: kubectl-egress.github.io/v1alpha1\nkind: EgressPolicySet\n";
    let places = [
        ("", "unknown: 1\n"),
        ("/$defs/policy", "policies: [{unknown: 1}]\n"),
        ("/$defs/naming", "naming: {unknown: 1}\n"),
        ("/$defs/labels", "labels: {unknown: 1}\n"),
        ("/$defs/exception", "exceptions: [{unknown: 1}]\n"),
        ("/$defs/limits", "limits: {unknown: 1}\n"),
    ];
    let schema = schema();
    for (pointer, text) in places {
        let message = match PolicyConfig::parse(&format!("{head}{text}")) {
            Ok(_) => return Err(format!("{text} is read")),
            Err(error) => error.message,
        };
        let (expected, _) = message.split_once(", found").ok_or("the parser lists no fields")?;
        let parser: BTreeSet<&str> = expected.split('`').skip(1).step_by(2).collect();
        let properties = schema.pointer(&format!("{pointer}/properties")).and_then(Value::as_object);
        let known: BTreeSet<&str> = properties.ok_or(pointer)?.keys().map(String::as_str).collect();
        if parser != known {
            return Err(format!("{pointer}: the parser knows {parser:?}, the schema {known:?}"));
        }
    }
    Ok(())
}

fn rules_agree() -> Result<(), String> {
    let mut settings: Value = serde_json::from_str(SETTINGS_SCHEMA).map_err(|error| error.to_string())?;
    // In the file, what the settings share is a definition of the whole file.
    let own = settings.as_object_mut().and_then(|fields| fields.shift_remove("$defs")).unwrap_or_default();
    let published = &schema()["$defs"];
    if published["rules"] == settings && published["pairs"] == own["pairs"] {
        return Ok(());
    }
    Err("docs/schema/egress-policy.json has other settings than rules/settings.schema.json".to_owned())
}

fn hooks_agree() -> Result<(), String> {
    let schema = schema();
    let known = schema.pointer("/$defs/policy/properties/use/items/enum").ok_or("`use` is no enum")?;
    let words = Value::from(Hook::ALL.map(Hook::word).to_vec());
    if *known == words { Ok(()) } else { Err(format!("the schema knows {known}, the parser {words}")) }
}
