//! Data of a guest in the places where the canonical ABI looks for it.

use super::{Guest, data};

/// Where the descriptor begins. What is below is the fields' own.
const START: usize = 1024;
/// Bytes of a descriptor without what it points to.
const DESCRIPTOR: usize = 72;

/// Bytes that are put one after another into a guest's memory.
struct Area {
    start: usize,
    bytes: Vec<u8>,
}

impl Area {
    /// Puts bytes there, and says where they are.
    fn put(&mut self, bytes: &[u8]) -> usize {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        let address = self.start + self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        address
    }

    /// A text: its address and its length.
    fn text(&mut self, text: &str) -> [usize; 2] {
        [self.put(text.as_bytes()), text.len()]
    }

    /// A list of records: its address and its length.
    fn list<const WORDS: usize>(&mut self, records: &[[usize; WORDS]]) -> [usize; 2] {
        [self.put(&words(records.as_flattened())), records.len()]
    }
}

fn words(words: &[usize]) -> Vec<u8> {
    words.iter().flat_map(|word| u32::try_from(*word).unwrap_or(u32::MAX).to_le_bytes()).collect()
}

/// What `describe` says: a good descriptor, but for what the directives change.
pub(super) fn descriptor(guest: &Guest) -> String {
    let said = |key: &str, usual: &'static str| guest.directive(key).unwrap_or(usual).to_owned();
    let mut area = Area { start: START + DESCRIPTOR, bytes: Vec::new() };
    let list = |area: &mut Area, text: String| {
        let texts: Vec<[usize; 2]> = text.split_whitespace().map(|word| area.text(word)).collect();
        area.list(&texts)
    };
    let id = area.text(&said("id", "hostile"));
    let version = area.text(&said("version", "1.2.3"));
    let title = area.text("A policy for tests");
    let needs = list(&mut area, said("needs", "nodes"));
    let verbs = list(&mut area, said("verbs", "add"));
    let schema = guest.directive("schema").map_or([0, 0, 0], |schema| {
        let [address, length] = area.text(schema);
        [1, address, length]
    });
    let mut rules = Vec::new();
    for code in said("rules", "host-not-allowed").split_whitespace() {
        let [code, code_length] = area.text(code);
        let [title, title_length] = area.text("A rule");
        rules.push([code, code_length, title, title_length, 0, 0, 0]);
    }
    let rules = area.list(&rules);
    let none = [0, 0, 0];
    let record = [&id[..], &version, &title, &none, &needs, &verbs, &schema, &rules].concat();
    let whole = [words(&record), area.bytes].concat();
    data(START, &whole)
}
