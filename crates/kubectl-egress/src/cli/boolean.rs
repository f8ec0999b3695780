//! Go's way to write a boolean flag: `--all-namespaces=true`.
//!
//! kubectl's users and scripts write it, clap's flags take no value. Knows clap's flags, not what they mean.

use std::ffi::OsString;

use clap::{ArgAction, Command};

/// Writes `--flag=true` as `--flag`, and drops `--flag=false`, for the flags that are on or off.
pub fn normalise(command: &Command, arguments: Vec<OsString>) -> Vec<OsString> {
    let mut operands = false;
    arguments
        .into_iter()
        .filter_map(|argument| {
            operands |= argument == "--";
            match argument.to_str().and_then(|text| text.strip_prefix("--")?.split_once('=')) {
                Some((name, value)) if !operands && is_switch(command, name) => match value {
                    "true" => Some(OsString::from(format!("--{name}"))),
                    "false" => None,
                    _ => Some(argument),
                },
                _ => Some(argument),
            }
        })
        .collect()
}

fn is_switch(command: &Command, name: &str) -> bool {
    let here = command
        .get_arguments()
        .any(|flag| flag.get_long() == Some(name) && matches!(flag.get_action(), ArgAction::SetTrue));
    here || command.get_subcommands().any(|subcommand| is_switch(subcommand, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Program;

    fn normalised(text: &str) -> String {
        let command = crate::cli::command(&Program::from_path(None));
        let arguments = text.split(' ').map(OsString::from).collect();
        normalise(&command, arguments).join(" ".as_ref()).into_string().unwrap()
    }

    #[test]
    fn switches_take_a_value_as_in_go() {
        assert_eq!(normalised("k list --all-namespaces=true"), "k list --all-namespaces");
        assert_eq!(normalised("k list --all-namespaces=false -o json"), "k list -o json");
        assert_eq!(normalised("k --insecure-skip-tls-verify=true list"), "k --insecure-skip-tls-verify list");
    }

    #[test]
    fn other_flags_and_other_values_are_left_alone() {
        assert_eq!(normalised("k add x --dry-run=true"), "k add x --dry-run=true");
        assert_eq!(normalised("k list --all-namespaces=maybe"), "k list --all-namespaces=maybe");
        assert_eq!(normalised("k add -- --yes=true"), "k add -- --yes=true");
    }
}
