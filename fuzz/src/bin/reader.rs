//! Fuzzes the reader of files: any text is an answer or a clear error, and the lines it names are lines of the text.

#![no_main]

use egress_diagnose::facts::source::{SourceFile, SourceReader, documents};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let files = [SourceFile { name: "a.yaml".to_owned(), text: text.to_owned() }];
    let mut reader = SourceReader::new(&files, "default", 0);
    for document in documents(text) {
        reader.read(0, &document);
    }
    // YAML ends a line at a lone carriage return as well.
    let lines = text.matches(['\n', '\r']).count() + 1;
    for unread in reader.finish().unread {
        let line = unread.what.split(':').nth(1).and_then(|line| line.parse::<usize>().ok());
        assert!(line.is_some_and(|line| (1..=lines).contains(&line)), "{unread:?} of {lines} lines");
    }
});
