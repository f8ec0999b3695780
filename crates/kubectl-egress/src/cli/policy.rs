//! `policy`: what was typed. One command for each thing that is done to a policy.

pub mod add;
pub mod bench;
pub mod build;
pub mod check;
pub mod export;
pub mod init;
pub mod inspect;
pub mod list;
pub mod local_config;
pub mod lock;
pub mod record;
pub mod run;
pub mod test;
pub mod update;

use clap::{Args, Subcommand};

/// The line in the list of commands.
pub const ABOUT: &str = "Write, test and use policies: rules of your organisation for hosts, names and nodes";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Write, test and use policies: rules of your organisation for hosts, names and nodes.

A policy is a WebAssembly component that answers one or more of three questions: which hosts may be called, which \
names the objects get, on which nodes the gateway must run. It sees only the request: no file, no network, no \
clock. `add`, `remove` and `audit` ask every policy of the cluster, of the repository and of the user.

If you need no program of your own, the built-in policy `rules` has hosts, names and nodes as settings.";

const EXAMPLES: &str = "\
Examples:
  # Create, build and test a policy
  kubectl egress policy init acme-hosts
  cd acme-hosts
  kubectl egress policy build
  kubectl egress policy test

  # Use it for everybody in this repository
  kubectl egress policy add ./target/wasm32-wasip2/release/acme_hosts.wasm --name acme-hosts

  # Which policies are asked here
  kubectl egress policy list";

/// What was typed after `policy`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES, subcommand_value_name = "COMMAND")]
pub struct PolicyArguments {
    /// Which command.
    #[command(subcommand)]
    pub command: Option<PolicyCommand>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// See [`init::Init`].
    #[command(about = init::ABOUT, long_about = init::LONG_ABOUT)]
    Init(init::Init),
    /// See [`build::Build`].
    #[command(about = build::ABOUT, long_about = build::LONG_ABOUT)]
    Build(build::Build),
    /// See [`check::Check`].
    #[command(about = check::ABOUT, long_about = check::LONG_ABOUT)]
    Check(check::Check),
    /// See [`inspect::Inspect`].
    #[command(about = inspect::ABOUT, long_about = inspect::LONG_ABOUT)]
    Inspect(inspect::Inspect),
    /// See [`run::Run`].
    #[command(about = run::ABOUT, long_about = run::LONG_ABOUT)]
    Run(run::Run),
    /// See [`test::Test`].
    #[command(about = test::ABOUT, long_about = test::LONG_ABOUT)]
    Test(test::Test),
    /// See [`bench::Bench`].
    #[command(about = bench::ABOUT, long_about = bench::LONG_ABOUT)]
    Bench(bench::Bench),
    /// See [`record::Record`].
    #[command(about = record::ABOUT, long_about = record::LONG_ABOUT)]
    Record(Box<record::Record>),
    /// See [`add::Add`].
    #[command(about = add::ABOUT, long_about = add::LONG_ABOUT)]
    Add(add::Add),
    /// See [`lock::Lock`].
    #[command(about = lock::ABOUT, long_about = lock::LONG_ABOUT)]
    Lock(lock::Lock),
    /// See [`update::Update`].
    #[command(about = update::ABOUT, long_about = update::LONG_ABOUT)]
    Update(update::Update),
    /// See [`list::List`].
    #[command(about = list::ABOUT, long_about = list::LONG_ABOUT, visible_alias = "ls")]
    List(list::List),
    /// See [`export::Export`].
    #[command(about = export::ABOUT, long_about = export::LONG_ABOUT)]
    Export(export::Export),
}
