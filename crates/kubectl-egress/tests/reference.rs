//! `docs/reference.md` says what the program says: it is made from the command line's own definition, and compared here.
//!
//! `cargo xtask docs` writes it anew.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Arg, Command};
use kubectl_egress::cli;
use kubectl_egress::program::Program;
use snapbox::{Data, assert_data_eq};

const INTRODUCTION: &str = "\
# Reference

All commands, flags, exit codes and permissions. Made by `cargo xtask docs` from what the program itself says; do not edit.
";

/// The roles that the tests run with, and what each is for.
const ROLES: [(&str, &str); 4] = [
    ("egress-viewer", "To read only: `list`, and `diagnose` without the proxies."),
    (
        "egress-editor",
        "To change the egress of one namespace, for its developers. Proof comes from their own pods.",
    ),
    ("egress-platform", "To change the egress of every namespace, with proof at the gateways."),
    (
        "egress-policy-reader",
        "For everybody who changes egress, in addition: to read the cluster's policies and the mesh's configuration, \
         which names their namespace. Without it the plugin changes nothing.",
    ),
];

#[test]
fn the_reference_says_what_the_program_says() -> anyhow::Result<()> {
    assert_data_eq!(reference()?, Data::read_from(&repository().join("docs/reference.md"), None).raw());
    Ok(())
}

fn reference() -> anyhow::Result<String> {
    let program = program();
    let mut text = INTRODUCTION.to_owned();
    for command in program.get_subcommands().filter(|command| !command.is_hide_set()) {
        describe(&mut text, "kubectl egress", command)?;
    }
    text.push_str("\n## Flags of every command\n\n");
    let everywhere = program.get_arguments().filter(|argument| argument.is_global_set());
    flags(&mut text, everywhere)?;
    text.push_str("\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
    for (code, meaning) in exit_codes(&program)? {
        writeln!(text, "| {code} | {meaning} |")?;
    }
    text.push_str("\n## Permissions\n");
    let access = fs::read_to_string(repository().join("tests/bed/access.yaml"))?;
    for (name, purpose) in ROLES {
        let role = access
            .split("\n---\n")
            .find(|document| document.contains("rules:") && document.contains(&format!("name: {name}")))
            .with_context(|| format!("tests/bed/access.yaml has no role {name}"))?;
        let role: Vec<_> = role.lines().filter(|line| !line.starts_with('#')).collect();
        write!(text, "\n{purpose}\n\n```yaml\n{}\n```\n", role.join("\n"))?;
    }
    Ok(text)
}

/// A command, and then the commands it has itself.
fn describe(text: &mut String, parent: &str, command: &Command) -> fmt::Result {
    let called = format!("{parent} {}", command.get_name());
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    write!(text, "\n## {called}\n\n{}\n", markdown(&about))?;
    let own: Vec<_> = command.get_arguments().filter(|argument| !argument.is_global_set()).collect();
    let shown = own.iter().copied().filter(|argument| !argument.is_hide_set() && argument.get_id() != "help");
    if shown.clone().next().is_some() {
        text.push('\n');
        flags(text, shown)?;
    }
    if let Some(examples) = command.get_after_long_help().or(command.get_after_help()) {
        write!(text, "\n```console\n{examples}\n```\n")?;
    }
    let mut commands = command.get_subcommands().filter(|command| command.get_name() != "help");
    commands.try_for_each(|command| describe(text, &called, command))
}

fn flags<'a>(text: &mut String, arguments: impl Iterator<Item = &'a Arg>) -> fmt::Result {
    text.push_str("| flag | meaning |\n|---|---|\n");
    for argument in arguments.filter(|argument| !argument.is_hide_set()) {
        let help =
            argument.get_help().or(argument.get_long_help()).map(ToString::to_string).unwrap_or_default();
        let default: Vec<_> =
            argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
        let takes_value = argument.get_action().takes_values();
        let default = match default.join(",") {
            value if value.is_empty() || !takes_value => String::new(),
            value => format!(" (default `{value}`)"),
        };
        writeln!(text, "| `{}` | {}{default} |", cell(&spelled(argument)), cell(&help))?;
    }
    Ok(())
}

/// The flag as one types it: `-n, --namespace NAMESPACE`.
fn spelled(argument: &Arg) -> String {
    let values = if argument.get_action().takes_values() { argument.get_value_names() } else { None };
    let values: Vec<_> = values.into_iter().flatten().map(ToString::to_string).collect();
    let names = [
        argument.get_short().map(|name| format!("-{name}")),
        argument.get_long().map(|name| format!("--{name}")),
    ];
    let names: Vec<_> = names.into_iter().flatten().collect();
    format!("{} {}", names.join(", "), values.join(" ")).trim().to_owned()
}

/// The codes, as the program's help has them.
fn exit_codes(program: &Command) -> anyhow::Result<Vec<(String, String)>> {
    let help = program.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let (_, codes) = help.split_once("Exit codes:\n").context("the help has no exit codes")?;
    let lines = codes.lines().take_while(|line| !line.trim().is_empty());
    let rows = lines.filter_map(|line| line.trim().split_once("  "));
    Ok(rows.map(|(code, meaning)| (code.to_owned(), meaning.to_owned())).collect())
}

/// A text in which indented lines are typed or printed.
fn markdown(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let is_code = line.starts_with("  ");
        // A block of code needs an empty line before it.
        if is_code && lines.last().is_some_and(|last| !last.is_empty() && !last.starts_with("    ")) {
            lines.push(String::new());
        }
        lines.push(if is_code { format!("    {}", line.trim_start()) } else { line.to_owned() });
    }
    lines.join("\n")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn program() -> Command {
    let mut command = cli::command(&Program::from_path(None));
    // Fills in what clap adds by itself, such as value names.
    command.build();
    command
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
