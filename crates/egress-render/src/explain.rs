//! What a check is, for people: a page of Markdown for the documentation, and the same as text for a terminal.
//!
//! Everything comes from the check itself and from what it finds in its own test, so that pages and program agree.

use std::fmt::Write;

use egress_diagnose::rules::check::{Check, PathSegment};
use egress_diagnose::rules::{CHECKS, RETIRED};

use crate::palette::{Palette, paint};
use crate::table::Table;

mod example;

pub use example::example;

/// Lines of text are wrapped at this width.
const WIDTH: usize = 80;

/// The heading above why a check stands beside those that follow calls.
const BESIDE: &str = "Why EG100 and EG101 are not enough";

/// The page of a check, as Markdown.
pub fn page(check: &Check) -> String {
    let mut text = format!("# {}: {}\n\n{}\n\n", check.code, check.name, facts(check));
    // Writing into a String does not fail.
    text.push_str(check.docs.trim());
    let _ = write!(text, "\n\n## {BESIDE}\n{}\n", wrapped(check.beside_the_walk));
    if let Some(example) = example(check.code) {
        let _ = write!(text, "\n## Example\n\n```text\n{example}```\n");
    }
    text
}

/// The table of all checks, as Markdown.
pub fn index() -> String {
    let mut text = "\
# Checks

The checks of `kubectl egress diagnose`. A code is never reused. `kubectl egress diagnose --explain CODE` prints the same
pages. Made by `cargo xtask docs` from the checks; do not edit.

| code | true when the check passes | worst level |
|---|---|---|
"
    .to_owned();
    for check in CHECKS {
        let name = check.name.replace('|', "\\|");
        let _ = writeln!(text, "| [{0}]({0}.md) | {name} | {1} |", check.code, check.level);
    }
    text.push_str("\n## Codes that are gone\n\nNo other check gets them.\n\n| code | instead |\n|---|---|\n");
    for (code, instead) in RETIRED {
        let _ = writeln!(text, "| {code} | {instead} |");
    }
    text
}

/// The page of a check, as text.
pub fn text(check: &Check, palette: &Palette) -> String {
    let mut text = String::new();
    let heading = |text: &mut String, title: &str| {
        let _ = writeln!(text, "{}", paint(palette.heading, title));
    };
    heading(&mut text, &wrapped(&format!("{} {}", check.code, check.name)));
    let _ = write!(text, "{}\n\n", wrapped(&facts(check).replace(['`'], "")));
    for block in check.docs.trim().split("\n\n") {
        let mut block = block;
        if let Some(rest) = block.strip_prefix("## ") {
            let (title, below) = rest.split_once('\n').unwrap_or((rest, ""));
            heading(&mut text, title);
            block = below;
        }
        let shown = if block.lines().any(is_laid_out) { block.to_owned() } else { wrapped(block) };
        let _ = write!(text, "{shown}\n\n");
    }
    heading(&mut text, BESIDE);
    let _ = write!(text, "{}\n\n", wrapped(check.beside_the_walk));
    match example(check.code) {
        Some(example) => {
            heading(&mut text, "Example");
            text.push_str(&example);
        }
        None => text.truncate(text.trim_end().len() + 1),
    }
    text
}

/// All checks, as kubectl's table.
pub fn list() -> String {
    let mut table = Table::new(vec!["CODE", "LEVEL", "CHECK"]);
    for check in CHECKS {
        table.push(vec![check.code.to_string(), check.level.to_string(), check.name.to_owned()]);
    }
    table.render(true)
}

fn facts(check: &Check) -> String {
    let inputs: Vec<String> = check.inputs.iter().map(ToString::to_string).collect();
    let inputs = if inputs.is_empty() { "no facts of its own".to_owned() } else { inputs.join(", ") };
    format!("Worst level: {}. Covers: {}. Reads: {inputs}.", check.level, place(check.segment))
}

fn place(hop: PathSegment) -> &'static str {
    match hop {
        PathSegment::Mesh => "the mesh as a whole",
        PathSegment::Gateway => "the gateway's Service, pods and nodes",
        PathSegment::Objects => "the objects of a host",
        PathSegment::ToGateway => "the path from the callers to the gateway, in the objects",
        PathSegment::ClientProxies => "the path from the callers to the gateway, in their Envoys",
        PathSegment::FromGateway => "the path from the gateway to the host, in the objects",
        PathSegment::WholePath => "the path from the callers to the host, computed from all objects",
        PathSegment::GatewayProxies => "the path from the gateway to the host, in its Envoys",
        PathSegment::Upstream => "the path from the gateway to the outside",
    }
}

/// Whether a line of Markdown stands as it is: of a list, a table or code.
fn is_laid_out(line: &str) -> bool {
    ["  ", "- ", "| ", "```"].iter().any(|start| line.starts_with(start))
}

fn wrapped(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    textwrap::fill(&words, textwrap::Options::new(WIDTH).word_splitter(textwrap::WordSplitter::NoHyphenation))
}
