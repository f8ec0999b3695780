//! A program that is run for what it prints. Knows nothing of what it does.

use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// Runs a program to its end and returns both its streams, one after the other.
pub(crate) fn finish(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("running {}", command.get_program().display()))?;
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    if !output.status.success() {
        let arguments =
            command.get_args().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ");
        bail!("{} {arguments}: {}", command.get_program().display(), said.trim());
    }
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_fails_says_what_it_said() {
        let error = finish(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 1"])).unwrap_err();

        assert_eq!(error.to_string(), "sh -c echo out; echo err >&2; exit 1: out\nerr");
    }

    #[test]
    fn a_program_that_ends_well_says_both_streams() {
        let said = finish(Command::new("sh").args(["-c", "echo out; echo err >&2"])).unwrap();

        assert_eq!(said, "out\nerr\n");
    }
}
