//! What was typed: the command line as clap reads it, with all help text.
//!
//! Checks only what one flag can tell by itself. What flags mean together is in [`crate::settings`].

pub mod add;
pub mod audit;
pub mod boolean;
pub mod change;
pub mod check_settings;
pub mod compile_policy;
pub mod complete;
pub mod completion;
pub mod diagnose;
pub mod global;
pub mod guard;
pub mod list;
pub mod policies;
pub mod policy;
pub mod remove;
pub mod version;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::program::Program;
use global::Global;

const ABOUT: &str = "Let calls leave an Istio mesh through its egress gateways, one host at a time.";

const LONG_ABOUT: &str = "\
Let calls leave an Istio mesh through its egress gateways, one host at a time.

An egress is for one host and the pods of one namespace. Objects are written in a fixed order, and the proxies are \
asked after each step, so that no call bypasses the gateway and no call is lost.

Istio routes calls to a gateway; it does not force them there. Use a NetworkPolicy or a firewall to block direct \
egress.";

const EXAMPLES: &str = "\
Examples:
  # Let the pods of namespace shop call edition.cnn.com, on ports 80 and 443
  kubectl egress add edition.cnn.com -n shop

  # See the objects first; needs no cluster
  kubectl egress add edition.cnn.com -n shop --dry-run=client -o yaml

  # Which hosts may be called, and from which namespace
  kubectl egress list -A

  # Why does a call not work?
  kubectl egress diagnose edition.cnn.com -n shop

Exit codes:
  0  done, or nothing to do
  1  findings, or a change failed and the cluster is unchanged
  2  the command line is wrong
  3  changes are pending (--diff)
  4  a policy denies it; nothing was written
  5  the cluster cannot be reached, or permissions are missing
  6  written, but not proven live in time; safe to run again
  7  conflict: someone else owns the object, or the cluster changed
  8  not everything could be checked
  9  a policy could not decide; refused, never allowed
  130  interrupted";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(about = ABOUT, long_about = LONG_ABOUT, after_long_help = EXAMPLES)]
#[command(disable_help_subcommand = true, args_override_self = true, subcommand_value_name = "COMMAND")]
#[command(max_term_width = 110)]
pub struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub global: Global,
    /// Which command.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// See [`add::Add`].
    #[command(about = add::ABOUT, long_about = add::LONG_ABOUT)]
    Add(Box<add::Add>),
    /// See [`list::List`].
    #[command(about = list::ABOUT, visible_alias = "ls")]
    List(list::List),
    /// See [`remove::Remove`].
    #[command(about = remove::ABOUT, long_about = remove::LONG_ABOUT, visible_alias = "rm")]
    Remove(Box<remove::Remove>),
    /// See [`diagnose::Diagnose`].
    #[command(about = diagnose::ABOUT, long_about = diagnose::LONG_ABOUT)]
    Diagnose(Box<diagnose::Diagnose>),
    /// See [`audit::Audit`].
    #[command(about = audit::ABOUT, long_about = audit::LONG_ABOUT)]
    Audit(audit::Audit),
    /// See [`guard::Guard`].
    #[command(about = guard::ABOUT, long_about = guard::LONG_ABOUT)]
    Guard(guard::Guard),
    /// See [`policy::PolicyArguments`].
    #[command(about = policy::ABOUT, long_about = policy::LONG_ABOUT)]
    Policy(policy::PolicyArguments),
    /// See [`completion::Completion`].
    #[command(about = completion::ABOUT, long_about = completion::LONG_ABOUT)]
    Completion(completion::Completion),
    /// See [`version::Version`].
    #[command(about = version::ABOUT)]
    Version(version::Version),
    /// See [`complete::Complete`].
    #[command(name = "__complete", hide = true)]
    Complete(complete::Complete),
    /// See [`compile_policy::CompilePolicy`].
    #[command(name = "__compile-policy", hide = true)]
    CompilePolicy(compile_policy::CompilePolicy),
    /// See [`check_settings::CheckSettings`].
    #[command(name = "__check-settings", hide = true)]
    CheckSettings(check_settings::CheckSettings),
}

/// Why a command line was not read: clap's message, and the command that it is about.
#[derive(Debug)]
pub struct CommandLineError {
    /// A usage error, or the help that was asked for.
    pub answer: clap::Error,
    /// The command that was typed, such as `kubectl egress add`.
    pub command: String,
}

/// Reads `argv`.
pub fn parse(program: &Program, arguments: Vec<OsString>) -> Result<Cli, Box<CommandLineError>> {
    let mut command = command(program);
    let arguments = boolean::normalise(&command, arguments);
    let named = named(&command, &arguments, program.to_string());
    command
        .try_get_matches_from_mut(arguments)
        .and_then(|matches| Cli::from_arg_matches(&matches))
        .map_err(|answer| Box::new(CommandLineError { answer, command: named }))
}

/// The command line as clap knows it, speaking of the program by the name it was called with.
pub fn command(program: &Program) -> clap::Command {
    rename(Cli::command().bin_name(program.to_string()), program)
}

/// The words of the command that was typed, such as `kubectl egress policy test`.
fn named(command: &clap::Command, arguments: &[OsString], words: String) -> String {
    let typed = arguments.iter().enumerate();
    let mut found = typed.filter_map(|(index, argument)| Some((index, command.find_subcommand(argument)?)));
    match found.next() {
        None => words,
        Some((index, found)) => {
            let words = format!("{words} {}", found.get_name());
            named(found, arguments.get(index + 1..).unwrap_or_default(), words)
        }
    }
}

fn rename(mut command: clap::Command, program: &Program) -> clap::Command {
    if program.to_string() == Program::WRITTEN {
        return command;
    }
    if let Some(text) = command.get_after_long_help().map(ToString::to_string) {
        command = command.after_long_help(program.rename(&text).into_owned());
    }
    if let Some(text) = command.get_long_about().map(ToString::to_string) {
        command = command.long_about(program.rename(&text).into_owned());
    }
    command.mut_subcommands(|subcommand| rename(subcommand, program))
}
