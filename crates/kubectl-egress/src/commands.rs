//! The commands, one screen each: fetch, decide, render, confirm, apply, prove.
//!
//! They get resolved settings and a terminal, never flags or the environment.

pub mod completion;
pub mod version;

use crate::cli::{self, Cli, Command};
use crate::exit::Code;
use crate::program::Program;
use crate::settings;
use crate::terminal::Terminal;

/// Runs the command that was typed; without one, shows what there is.
pub fn run(typed: Cli, program: &Program, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let global = typed.global;
    match typed.command {
        None => {
            terminal.result(&cli::command(program).render_help().ansi().to_string())?;
            Ok(Code::Done)
        }
        Some(Command::Add(typed)) => {
            let settings = settings::add::Add::resolve(*typed, &global, terminal)?;
            anyhow::bail!("add is not built yet: {settings:?}")
        }
        Some(Command::List(typed)) => {
            let settings = settings::list::List::resolve(typed, &global)?;
            anyhow::bail!("list is not built yet: {settings:?}")
        }
        Some(Command::Remove(typed)) => {
            let settings = settings::remove::Remove::resolve(*typed, &global, terminal)?;
            anyhow::bail!("remove is not built yet: {settings:?}")
        }
        Some(Command::Diagnose(typed)) => {
            let settings = settings::diagnose::Diagnose::resolve(&typed, &global, terminal)?;
            anyhow::bail!("diagnose is not built yet: {settings:?}")
        }
        Some(Command::Completion(typed)) => completion::run(&typed, program, terminal),
        Some(Command::Version(typed)) => version::run(settings::version::Version::resolve(&typed)?, terminal),
        Some(Command::Complete(typed)) => completion::candidates(typed, program, terminal),
    }
}
