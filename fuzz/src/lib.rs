//! What several targets demand of a report.
//!
//! Knows what a printed command may look like. Knows nothing of how the report came to be.

use egress_core::command::quoted;
use egress_core::kubernetes_name::is_label;
use egress_core::text::is_hidden;
use egress_diagnose::report::Report;

/// Programs that a printed command may start.
const PROGRAMS: [&str; 5] = ["kubectl", "istioctl", "helm", "sed", "printf"];

/// Every command of a report is of the words that were meant, as a shell reads them.
pub fn commands_are_safe(report: &Report) {
    let commands = report.findings.iter().filter_map(|finding| finding.fix.command.as_text());
    commands.for_each(is_safe);
}

/// A command is read back as it was written: nothing in it is hidden, only known programs start, no name is a flag.
fn is_safe(command: &str) {
    assert!(!command.contains(is_hidden), "{command:?}");
    let Some(words) = shlex::split(command) else { panic!("an open quote: {command}") };
    let mut steps = words.split(|word| word == "&&" || word == "|");
    let known = |step: &[String]| step.first().is_some_and(|word| PROGRAMS.contains(&word.as_str()));
    assert!(steps.all(known), "another program: {command}");
    for pair in words.windows(2) {
        assert!(pair[0] != "-n" || is_label(&pair[1]), "no namespace: {command}");
    }
    // Written once more by the same rules, word by word: what a shell would read otherwise was in quotes.
    let written = words.iter().map(|word| match word.as_str() {
        "&&" | "|" => word.clone(),
        word => quoted(word).unwrap_or_default(),
    });
    assert_eq!(written.collect::<Vec<_>>().join(" "), command, "read in another way than it was written");
}
