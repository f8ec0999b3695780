//! Fuzzes the checks: whatever objects there are, every walk ends, and what was kept of them can be read again.

#![no_main]

use egress_diagnose::bundle;
use egress_diagnose::examine::examine;
use egress_diagnose::facts::Request;
use egress_diagnose::facts::source::{SourceFile, SourceReader, documents};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let files = [SourceFile { name: "a.yaml".to_owned(), text: text.to_owned() }];
    let mut reader = SourceReader::new(&files, "default", 0);
    for document in documents(text) {
        reader.read(0, &document);
    }
    let mut reading = reader.finish();
    reading.assume_gateways();
    let request = Request::default();
    let mut report = examine(&reading.facts, &request);
    reading.places.locate(&files, report.places_mut());
    fuzz::commands_are_safe(&report);
    if let Ok(texts) = bundle::write(&reading.facts, &request, "0.0.0") {
        let read = bundle::read(&texts);
        assert!(
            read.is_ok(),
            "what was kept cannot be read: {}",
            read.err().map(|error| error.to_string()).unwrap_or_default()
        );
    }
});
