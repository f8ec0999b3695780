//! Schemas of strangers' modules that are made to take hours, gigabytes or what is elsewhere: a few seconds, a gigabyte and
//! a refusal is all that comes of one.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
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

/// How many schemas are made up.
const MADE_UP: usize = 150;

/// Kind: whatever a schema is. Each goes to the process that reads schemas; it ends in time, and what it says is a list of
/// short lines or nothing at all.
#[test]
fn whatever_a_schema_is_the_process_that_reads_it_ends() {
    let mut dice = Dice(20_261_129);
    let (mut answered, mut problems) = (0, 0);
    for number in 0..MADE_UP {
        let schema = made_up(&mut dice, 4);
        let settings = json!({ "a": [1, "b", { "a": null }], "b": { "a": {} } });
        let question = json!({ "schema": schema.to_string(), "settings": settings.to_string() });
        let mut child = Command::new(env!("CARGO_BIN_EXE_kubectl-egress"))
            .arg("__check-settings")
            .env_clear()
            // As its parent does: a process whose allocator has taken half of its limit refuses to work.
            .env("MIMALLOC_ARENA_RESERVE", "64MiB")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // One that is ended by its limits does not read on.
        let _ = child.stdin.take().unwrap().write_all(question.to_string().as_bytes());
        let started = Instant::now();
        let output = child.wait_with_output().unwrap();
        assert!(started.elapsed() < BOUND, "{number}: {:?}: {schema}", started.elapsed());
        if !output.status.success() {
            continue;
        }
        answered += 1;
        let said: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        for message in said.iter().map(|problem| problem["message"].as_str().unwrap()) {
            problems += 1;
            assert!(message.len() < 5_000 && !message.contains(char::is_control), "{schema}: {message:?}");
        }
    }
    assert!(
        answered > MADE_UP / 2 && problems > 20,
        "{answered} of {MADE_UP} were answered, {problems} problems"
    );
}

/// A generator that is the same everywhere (Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A schema of JSON Schema's words, most of them in their place.
fn made_up(dice: &mut Dice, depth: u32) -> Value {
    let inner = |dice: &mut Dice| if depth == 0 { json!(true) } else { made_up(dice, depth - 1) };
    let reference = ["#", "#/$defs/a", "#/$defs/b", "#a", "#/properties/a"];
    let mut schema = serde_json::Map::new();
    for _ in 0..=dice.below(3) {
        let (key, value) = match dice.below(16) {
            0 => ("allOf", json!([inner(dice), inner(dice)])),
            1 => ("anyOf", json!([inner(dice), inner(dice), inner(dice)])),
            2 => ("oneOf", json!([inner(dice), inner(dice)])),
            3 => ("not", inner(dice)),
            4 => ("$ref", json!(reference[usize::try_from(dice.below(5)).unwrap()])),
            5 => ("$dynamicRef", json!("#a")),
            6 => ("$defs", json!({ "a": inner(dice), "b": inner(dice) })),
            7 => ("properties", json!({ "a": inner(dice), "b": inner(dice) })),
            8 => ("items", inner(dice)),
            9 => ("unevaluatedProperties", inner(dice)),
            10 => ("contains", inner(dice)),
            11 => ("pattern", json!("(a{900}){900}")),
            12 => ("$dynamicAnchor", json!("a")),
            13 => ("dependentSchemas", json!({ "a": inner(dice) })),
            14 => ("type", json!(["object", "string", "strange"][usize::try_from(dice.below(3)).unwrap()])),
            _ => ("multipleOf", json!(1e-300)),
        };
        schema.insert(key.to_owned(), value);
    }
    Value::Object(schema)
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
