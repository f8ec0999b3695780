//! `completion`: prints a shell's script, and the candidates for kubectl.
//!
//! Contacts no cluster: candidates are commands, flags and their values.

use std::ffi::OsString;
use std::fmt::Write;

use clap_complete::{engine, generate};

use crate::cli::complete::Complete;
use crate::cli::completion::Completion;
use crate::exit::Code;
use crate::program::Program;
use crate::terminal::Terminal;

/// Prints the script.
pub fn run(typed: &Completion, program: &Program, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let mut script = Vec::new();
    generate(typed.shell, &mut crate::cli::command(program), program.executable(), &mut script);
    terminal.result(&String::from_utf8_lossy(&script))?;
    Ok(Code::Done)
}

/// Prints candidates in the form that kubectl reads: `value<TAB>description`, then cobra's directive.
pub fn candidates(typed: Complete, program: &Program, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let mut words = vec![OsString::from(program.executable())];
    words.extend(typed.words);
    let last = words.len() - 1;
    let directory = std::env::current_dir().ok();
    let begun = words[last].to_string_lossy().into_owned();
    let found = engine::complete(&mut crate::cli::command(program), words, last, directory.as_deref())?;
    let mut text = String::new();
    for candidate in found.iter().filter(|candidate| !candidate.is_hide_set()) {
        let value = candidate.get_value().to_string_lossy();
        // Like kubectl's own completion: flags only for a word that starts with a dash.
        if value.starts_with('-') && !begun.starts_with('-') {
            continue;
        }
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        writeln!(text, "{value}\t{}", help.lines().next().unwrap_or_default())?;
    }
    // 4: do not offer file names, too.
    writeln!(text, ":4")?;
    terminal.result(&text)?;
    Ok(Code::Done)
}
