//! `policy`: commands for authors and users of policies. Changes no cluster.

mod add;
mod answers;
mod bench;
mod build;
mod check;
mod configuration;
mod export;
mod init;
mod inspect;
mod list;
mod lock;
mod module;
mod record;
mod resolve;
mod run;
mod test;
mod update;

use crate::cli;
use crate::cli::global::Global;
use crate::cli::policy::{PolicyArguments, PolicyCommand};
use crate::exit::Code;
use crate::program::Program;
use crate::runtime;
use crate::settings::policy;
use crate::terminal::Terminal;

/// Runs the typed command; without one, shows the list of commands.
pub(super) fn run(
    typed: PolicyArguments,
    global: &Global,
    program: &Program,
    terminal: &mut Terminal,
) -> anyhow::Result<Code> {
    match typed.command {
        None => {
            let mut command = cli::command(program);
            command.build();
            let help = command.find_subcommand_mut("policy").map(clap::Command::render_help);
            terminal.result(&help.map(|help| help.ansi().to_string()).unwrap_or_default())?;
            Ok(Code::Done)
        }
        Some(PolicyCommand::Init(typed)) => init::run(&policy::init::Init::resolve(typed)?, terminal),
        Some(PolicyCommand::Build(typed)) => build::run(&policy::build::Build::resolve(typed)?, terminal),
        Some(PolicyCommand::Check(typed)) => check::run(&policy::check::Check::resolve(&typed)?, terminal),
        Some(PolicyCommand::Inspect(typed)) => {
            inspect::run(&policy::inspect::Inspect::resolve(&typed)?, terminal)
        }
        Some(PolicyCommand::Run(typed)) => run::run(&policy::run::Run::resolve(&typed)?, terminal),
        Some(PolicyCommand::Test(typed)) => test::run(&policy::test::Test::resolve(&typed)?, terminal),
        Some(PolicyCommand::Bench(typed)) => bench::run(&policy::bench::Bench::resolve(&typed)?, terminal),
        Some(PolicyCommand::Record(typed)) => {
            runtime::run(record::run(&policy::record::Record::resolve(*typed, global, terminal)?, terminal))
        }
        Some(PolicyCommand::Add(typed)) => {
            runtime::run(add::run(&policy::add::Add::resolve(typed)?, terminal))
        }
        Some(PolicyCommand::Lock(typed)) => {
            runtime::run(lock::run(&policy::lock::Lock::resolve(&typed)?, terminal))
        }
        Some(PolicyCommand::Update(typed)) => {
            runtime::run(update::run(&policy::update::Update::resolve(typed)?, terminal))
        }
        Some(PolicyCommand::Export(typed)) => {
            runtime::run(export::run(&policy::export::Export::resolve(typed, global)?, terminal))
        }
        Some(PolicyCommand::List(typed)) => list::run(&policy::list::List::resolve(&typed)?, terminal),
    }
}
