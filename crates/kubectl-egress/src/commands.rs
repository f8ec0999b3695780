//! The commands, one screen each: fetch, decide, render, confirm, apply, prove.
//!
//! They get resolved settings and a terminal, never flags or the environment.

mod add;
mod audit;
mod change;
mod check_settings;
mod compile_policy;
pub mod completion;
mod diagnose;
mod document;
mod engine;
mod evaluation;
mod exported;
mod guard;
mod interrupt;
mod list;
mod manifests;
mod policy;
mod proven;
mod readable;
mod remove;
mod result;
mod rights;
pub mod version;
mod wave;

use crate::cli::{self, Cli, Command};
use crate::exit::Code;
use crate::program::Program;
use crate::runtime;
use crate::settings;
use crate::terminal::Terminal;

/// Runs the typed command; without one, shows the list of commands.
pub fn run(typed: Cli, program: &Program, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let global = typed.global;
    match typed.command {
        None => {
            terminal.result(&cli::command(program).render_help().ansi().to_string())?;
            Ok(Code::Done)
        }
        Some(Command::Add(typed)) => {
            let settings = settings::add::Add::resolve(*typed, &global, terminal)?;
            add::run(&settings, terminal)
        }
        Some(Command::List(typed)) => {
            let settings = settings::list::List::resolve(&typed, &global)?;
            runtime::run(list::run(&settings, terminal))
        }
        Some(Command::Remove(typed)) => {
            let settings = settings::remove::Remove::resolve(*typed, &global, terminal)?;
            runtime::run(remove::run(&settings, terminal))
        }
        Some(Command::Diagnose(typed)) => {
            if let Some(word) = &typed.reporting.explain {
                return diagnose::explain(settings::diagnose::reporting::explained(word)?, terminal);
            }
            let settings = settings::diagnose::Diagnose::resolve(&typed, &global, terminal)?;
            runtime::run(diagnose::run(&settings, terminal))
        }
        Some(Command::Audit(typed)) => {
            let settings = settings::audit::Audit::resolve(typed, &global)?;
            runtime::run(audit::run(&settings, terminal))
        }
        Some(Command::Guard(typed)) => guard::run(typed, &global, program, terminal),
        Some(Command::Policy(typed)) => policy::run(typed, &global, program, terminal),
        Some(Command::Completion(typed)) => completion::run(&typed, program, terminal),
        Some(Command::Version(typed)) => {
            version::run(&settings::version::Version::resolve(&typed)?, terminal)
        }
        Some(Command::Complete(typed)) => completion::candidates(typed, program, terminal),
        Some(Command::CompilePolicy(_)) => compile_policy::run(terminal),
        Some(Command::CheckSettings(_)) => check_settings::run(terminal),
    }
}
