//! Rules of this repository that no compiler or linter knows, as checks over its files.
//!
//! A rule is one row here and one function in a file of its own; it reads the [`Tree`] and says what breaks it. Knows
//! nothing of how a rule is told to the person who broke it, beyond a line for each finding.

mod circles;
mod commands;
mod dependencies;
mod files;
mod finding;
mod generated;
mod interfaces;
mod lists;
mod modules;
mod printing;
mod purity;
mod tree;
mod words;
mod writing;

use self::finding::Finding;
pub(crate) use self::generated::sealed;
use self::tree::Tree;
use crate::{terminal, workspace};

/// One rule: what it holds, and how to see whether it does.
struct Rule {
    /// What is true of a tidy repository.
    name: &'static str,
    check: fn(&Tree) -> Vec<Finding>,
}

/// The rules, in the order in which they are reported.
const RULES: &[Rule] = &[
    Rule {
        name: "deciding crates depend on nothing that touches the world",
        check: dependencies::pure_crates,
    },
    Rule { name: "one crate runs foreign code", check: dependencies::engine_in_one_crate },
    Rule { name: "the test bed is in no release", check: dependencies::testbed_stays_here },
    Rule { name: "one Kubernetes client and one TLS provider", check: dependencies::locked_once },
    Rule { name: "only the terminal prints", check: printing::only_the_terminal },
    Rule { name: "deciding crates read no file, variable or clock", check: purity::deciding_crates },
    Rule { name: "commands are made of checked words", check: commands::of_words },
    Rule { name: "one crate writes files", check: writing::one_way },
    Rule { name: "checks and help use plain words", check: words::plain },
    Rule { name: "every module says what it is for", check: modules::introduced },
    Rule { name: "modules are named by their file", check: modules::no_mod_rs },
    Rule { name: "one idea per file", check: modules::short },
    Rule { name: "no more than three files import each other", check: circles::small },
    Rule { name: "the modules of a layered crate are layers", check: circles::layered },
    Rule { name: "a list of all variants names all of them", check: lists::complete },
    Rule { name: "generated files are as generated", check: generated::untouched },
    Rule { name: "released interfaces stay as they are", check: interfaces::frozen },
    Rule { name: "no trailing whitespace", check: files::no_trailing_whitespace },
    Rule { name: "no path of somebody's machine", check: files::no_machine_paths },
    Rule { name: "text only", check: files::text_only },
    Rule { name: "the licence is there", check: files::licence },
];

/// What a look at all rules came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Rules that hold.
    pub(crate) held: usize,
    /// Rules that are broken, or could not be checked.
    pub(crate) broken: usize,
    /// Where they are broken: a line for each rule and each place.
    pub(crate) findings: Vec<String>,
}

/// Checks every rule.
pub(crate) fn check() -> anyhow::Result<Outcome> {
    let tree = Tree::read(&workspace::root())?;
    let mut outcome = Outcome::default();
    for rule in RULES {
        let findings = (rule.check)(&tree);
        if findings.is_empty() {
            outcome.held += 1;
        } else {
            outcome.broken += 1;
            outcome.findings.push(format!("broken: {}", rule.name));
            outcome.findings.extend(findings.iter().map(|finding| format!("  {finding}")));
        }
    }
    Ok(outcome)
}

/// `cargo xtask tidy`: fails when a rule is broken.
pub fn run() -> anyhow::Result<()> {
    let Outcome { held, broken, findings } = check()?;
    anyhow::ensure!(broken == 0, "{broken} of {} rules are broken\n{}", held + broken, findings.join("\n"));
    terminal::result(format_args!("{held} rules hold"))?;
    Ok(())
}
