//! Fuzzes printed commands: whatever is put into one, a shell reads the words that were meant, or there is no command.

#![no_main]

use egress_core::command::{ShellCommand, Word};
use egress_core::text::is_hidden;
use egress_diagnose::examine::examine;
use egress_diagnose::facts::Request;
use egress_diagnose::facts::source::{SourceFile, SourceReader, documents};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// A cluster in which much is wrong, with a mark where the text goes.
const CLUSTER: &str = include_str!("commands.yaml");

fuzz_target!(|text: &str| {
    words(text);
    let quoted = json!(text).to_string();
    let filled = CLUSTER.replace("TEXT", &quoted);
    let files = [SourceFile { name: "a.yaml".to_owned(), text: filled }];
    let mut reader = SourceReader::new(&files, "default", 0);
    for document in documents(&files[0].text) {
        reader.read(0, &document);
    }
    let mut reading = reader.finish();
    reading.assume_gateways();
    fuzz::commands_are_safe(&examine(&reading.facts, &Request::default()));
});

/// One word of each kind.
fn words(text: &str) {
    let kinds = [
        Word::name(text),
        Word::namespace(text),
        Word::object("pod", text),
        Word::object(text, "a"),
        Word::key(text).and("=").and(Word::label_value(text)),
        Word::host(text),
        Word::variable(text).and("-"),
        Word::authority(text),
        Word::path(text),
        Word::json(&json!({ "a": text })),
    ];
    for word in kinds {
        let command = ShellCommand::new(["kubectl", "get"]).word(word).words(["-o", "yaml"]);
        let Some(command) = command.as_text() else { continue };
        assert!(!command.contains(is_hidden), "{command:?}");
        let read = shlex::split(command).unwrap_or_default();
        assert_eq!(read.len(), 5, "{command}");
        assert!(!read[2].starts_with('-'), "{command}");
    }
}
