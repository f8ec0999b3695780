//! Rules of this repository that no compiler or linter knows, as checks over its files.
//!
//! A rule is one row here and one function in a file of its own; it reads the [`Tree`] and says what breaks it. Knows
//! nothing of how a rule is told to the person who broke it, beyond a line for each violation.

mod circles;
mod commands;
mod dependencies;
mod files;
mod generated;
mod interfaces;
mod items;
mod lists;
mod modules;
mod printing;
mod purity;
mod tree;
mod type_names;
mod violation;
mod words;
mod writing;

pub(crate) use self::generated::sealed;
use self::tree::Tree;
use self::violation::Violation;
use crate::{terminal, workspace};

/// One rule: what it holds, and how to see whether it does.
struct TidyRule {
    /// What is true of a tidy repository.
    name: &'static str,
    check: fn(&Tree) -> Vec<Violation>,
}

/// The rules, in the order in which they are reported.
const RULES: &[TidyRule] = &[
    TidyRule {
        name: "deciding crates depend on nothing that touches the world",
        check: dependencies::pure_crates,
    },
    TidyRule { name: "one crate runs foreign code", check: dependencies::engine_in_one_crate },
    TidyRule { name: "the test bed is in no release", check: dependencies::testbed_stays_here },
    TidyRule { name: "one Kubernetes client and one TLS provider", check: dependencies::locked_once },
    TidyRule { name: "only the terminal prints", check: printing::only_the_terminal },
    TidyRule { name: "deciding crates read no file, variable or clock", check: purity::deciding_crates },
    TidyRule { name: "commands are made of checked words", check: commands::of_words },
    TidyRule { name: "one crate writes files", check: writing::one_way },
    TidyRule { name: "checks and help use plain words", check: words::plain },
    TidyRule { name: "every module says what it is for", check: modules::introduced },
    TidyRule { name: "modules are named by their file", check: modules::no_mod_rs },
    TidyRule { name: "one idea per file", check: modules::short },
    TidyRule { name: "no more than three files import each other", check: circles::small },
    TidyRule { name: "the modules of a layered crate are layers", check: circles::layered },
    TidyRule { name: "a list of all variants names all of them", check: lists::complete },
    TidyRule { name: "a type name has one meaning", check: type_names::unique },
    TidyRule { name: "generated files are as generated", check: generated::untouched },
    TidyRule { name: "released interfaces stay as they are", check: interfaces::frozen },
    TidyRule { name: "no trailing whitespace", check: files::no_trailing_whitespace },
    TidyRule { name: "no path of somebody's machine", check: files::no_machine_paths },
    TidyRule { name: "text only", check: files::text_only },
    TidyRule { name: "the licence is there", check: files::licence },
];

/// The result of checking all rules.
#[derive(Debug, Default)]
pub(crate) struct TidyOutcome {
    /// Rules that hold.
    pub(crate) held: usize,
    /// Rules that are broken, or could not be checked.
    pub(crate) broken: usize,
    /// Where they are broken: a line for each rule and each place.
    pub(crate) violations: Vec<String>,
}

/// Checks every rule.
pub(crate) fn check() -> anyhow::Result<TidyOutcome> {
    let tree = Tree::read(&workspace::root())?;
    let mut outcome = TidyOutcome::default();
    for rule in RULES {
        let violations = (rule.check)(&tree);
        if violations.is_empty() {
            outcome.held += 1;
        } else {
            outcome.broken += 1;
            outcome.violations.push(format!("broken: {}", rule.name));
            outcome.violations.extend(violations.iter().map(|violation| format!("  {violation}")));
        }
    }
    Ok(outcome)
}

/// `cargo xtask tidy`: fails when a rule is broken.
pub fn run() -> anyhow::Result<()> {
    let TidyOutcome { held, broken, violations } = check()?;
    anyhow::ensure!(broken == 0, "{broken} of {} rules are broken\n{}", held + broken, violations.join("\n"));
    terminal::result(format_args!("{held} rules hold"))?;
    Ok(())
}
