//! Schemas of strangers' modules that are made to take hours, gigabytes or what is elsewhere: a few seconds, a gigabyte and
//! a refusal is all that comes of one.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wait4::Wait4 as _;

use crate::guest;
use crate::place::Place;

/// A check takes up to five seconds of the processor; a busy machine has its own time.
const BOUND: Duration = Duration::from_mins(1);
/// Memory of the largest process of all that were started, in bytes: its limit is 1 GiB.
const MEMORY: u64 = 1 << 30;
/// Where the schema is in the memory of the module, and where its descriptor says so.
const SCHEMA: usize = 16_384;
const FIELD: usize = 16 + 13 * 4;

/// A good module but for this schema.
fn module(schema: &str) -> Vec<u8> {
    let escaped = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "\\{byte:02x}").unwrap();
            text
        })
    };
    assert!(schema.len() < 40_000);
    let word = |word: usize| u32::try_from(word).unwrap().to_le_bytes();
    let field = [word(1), word(SCHEMA), word(schema.len())].concat();
    let text = guest::CORE.replace("VERSION", "1.0.0").replace("SPOKEN", guest::SPOKEN);
    let end = text.trim_end().strip_suffix(')').unwrap();
    let text = format!(
        "{end} (data (i32.const {FIELD}) \"{}\") (data (i32.const {SCHEMA}) \"{}\"))",
        escaped(&field),
        escaped(schema.as_bytes())
    );
    guest::component(&text, guest::SPOKEN)
}

/// What `policy check` says of a module with this schema and these settings.
#[track_caller]
fn check(schema: &Value, settings: &Value) -> (Option<i32>, String) {
    let place = Place::new();
    place.write("acme.wasm", module(&schema.to_string()));
    place.write("settings.yaml", settings.to_string());
    let started = Instant::now();
    let arguments = ["policy", "check", "acme.wasm", "--settings", "settings.yaml"];
    let child = Command::new(env!("CARGO_BIN_EXE_kubectl-egress"))
        .args(arguments)
        .env_clear()
        .env("HOME", place.home())
        .current_dir(place.repository())
        .stdin(Stdio::null())
        .stdout(fs::File::create(place.home().join("output")).unwrap())
        .stderr(fs::File::create(place.home().join("errors")).unwrap())
        .spawn();
    let ended = child.unwrap().wait4().unwrap();
    let text = fs::read_to_string(place.home().join("output")).unwrap()
        + &fs::read_to_string(place.home().join("errors")).unwrap();
    assert!(started.elapsed() < BOUND, "{:?}: {text}", started.elapsed());
    assert!(ended.rusage.maxrss < MEMORY, "{} bytes: {text}", ended.rusage.maxrss);
    assert!(text.len() < 100_000, "{} bytes are said", text.len());
    (ended.status.code(), text)
}

#[track_caller]
fn is_refused(schema: &Value, settings: &Value, words: &str) {
    let (code, text) = check(schema, settings);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains(words), "expected {words:?} in: {text}");
}

/// A chain of definitions, each of which asks the next one more than once.
fn doubled(depth: usize, twice: impl Fn(Value) -> Value) -> Value {
    let mut definitions = serde_json::Map::new();
    for level in 0..depth {
        definitions.insert(format!("d{level}"), twice(json!({ "$ref": format!("#/$defs/d{}", level + 1) })));
    }
    definitions.insert(format!("d{depth}"), json!({ "type": "object" }));
    json!({ "$ref": "#/$defs/d0", "$defs": definitions })
}

const NOT_READ: &str = "it was not read within 5 s and 1024 MiB";

/// The attack that took ten minutes in the program itself.
#[test]
fn references_that_double_at_each_step_are_given_up() {
    is_refused(&doubled(60, |next| json!({ "allOf": [next, next] })), &json!({}), NOT_READ);
}

#[test]
fn references_that_double_in_other_words_are_given_up() {
    is_refused(&doubled(60, |next| json!({ "if": next, "then": next, "else": next })), &json!({}), NOT_READ);
    is_refused(
        &doubled(60, |next| json!({ "not": { "oneOf": [{ "not": next }, { "not": next }] } })),
        &json!({}),
        "invalid-s",
    );
}

#[test]
fn references_without_an_end_are_given_up() {
    for endless in [
        json!({ "$ref": "#" }),
        json!({ "$dynamicAnchor": "a", "anyOf": [{ "$dynamicRef": "#a" }, { "$dynamicRef": "#a" }] }),
        json!({ "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } }, "$ref": "#/$defs/a" }),
    ] {
        let (code, text) = check(&endless, &json!({}));
        // Whether such a schema says anything is the library's matter; that the program goes on is ours.
        assert!(matches!(code, Some(0 | 1)), "{code:?}: {text}");
    }
}

#[test]
fn patterns_are_matched_in_a_time_that_grows_with_the_text_alone() {
    let text = json!("a".repeat(100_000) + "!");
    is_refused(&json!({ "pattern": "^(a|a)*$" }), &text, "invalid-settings");
    is_refused(&json!({ "pattern": "^(a+)+$" }), &text, "invalid-settings");
    is_refused(&json!({ "pattern": "((a{1000}){1000}){1000}" }), &text, "invalid-schema");
    is_refused(
        &json!({ "patternProperties": { "((.{900}){900}){900}": true } }),
        &json!({}),
        "invalid-schema",
    );
}

#[test]
fn nothing_is_read_from_elsewhere() {
    let place = Place::new();
    place.write("schema.json", "{}");
    let here = format!("file://{}", place.repository().join("schema.json").display());
    for elsewhere in ["http://127.0.0.1:9/schema.json", "https://127.0.0.1:9/s", &here, "schema.json"] {
        is_refused(&json!({ "$ref": elsewhere }), &json!({}), "the schema of the settings cannot be used");
    }
}

#[test]
fn what_a_schema_says_cannot_flood_or_deceive() {
    let long = "x".repeat(30_000) + "\n\u{1b}[2Jerror: \u{202e}";
    let (code, text) = check(&json!({ "enum": [long] }), &json!({}));
    assert_eq!(code, Some(1));
    assert!(text.len() < 5_000, "{} bytes", text.len());
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    let (code, text) = check(&json!({ "items": false }), &json!(vec![0; 50_000]));
    assert_eq!((code, text.lines().count() < 100), (Some(1), true), "{} lines", text.lines().count());
}

#[test]
fn odd_schemas_and_large_settings_are_checked_as_ever() {
    let many: Vec<Value> = (0..3_000).map(|number| json!({ "a": number })).collect();
    for (schema, settings) in [
        (json!({ "uniqueItems": true }), json!(many)),
        (json!({ "properties": { "a": { "multipleOf": 1e-300, "maximum": 1e300 } } }), json!({ "a": 1 })),
        (
            json!({ "unevaluatedProperties": { "$ref": "#/$defs/n" }, "$defs": { "n": { "format": "email" } } }),
            json!({ "a": 1 }),
        ),
        (doubled(8, |next| json!({ "allOf": [next, next] })), json!({})),
        (json!({ "$anchor": "a", "properties": { "b": { "$ref": "#a" } } }), json!({ "b": { "b": {} } })),
    ] {
        let (code, text) = check(&schema, &settings);
        assert_eq!(code, Some(0), "{text}");
    }
}

/// The same where a policy is asked: it is no allowance.
#[test]
fn a_policy_whose_schema_cannot_be_read_is_a_refusal() {
    let place = Place::new();
    let module = module(&doubled(60, |next| json!({ "allOf": [next, next] })).to_string());
    place.write(
        ".egress/egress-policy.yaml",
        "apiVersion: kubectl-egress.github.io/v1alpha1\nkind: EgressPolicySet\npolicies:\n  - name: acme\n    source: ./acme.wasm\n",
    );
    place.write(".egress/egress-policy.lock", guest::lock("acme", "./acme.wasm", &module, "1.0.0"));
    place.write(".egress/acme.wasm", module);
    let started = Instant::now();
    place.add_trusting().refuses(2, &["policy `acme`: its settings are wrong", NOT_READ]);
    assert!(started.elapsed() < BOUND);
}
