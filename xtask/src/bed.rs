//! `cargo xtask bed …`: what can be typed, and what is printed. Everything else is in [`Bed`].

use std::{
    ffi::OsString,
    io::Write as _,
    path::PathBuf,
    process::{Command, ExitCode},
    time::Instant,
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use tabwriter::TabWriter;
use testbed::bed::{Bed, Topology, User};

use crate::terminal;

/// A real Kubernetes, istiod and Envoys on this machine
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
    /// Which bed; several can be up at the same time
    #[arg(long, global = true, default_value = "default")]
    name: String,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Build what is missing, start everything and wait until it is ready
    Up {
        /// Nodes, gateways and clients (default: tests/bed/topology.yaml)
        #[arg(long)]
        topology: Option<PathBuf>,
    },
    /// End everything and leave nothing
    Down,
    /// Show each part with its process, memory and readiness
    Status,
    /// Run a command in the network of the control plane
    Run {
        /// Whose kubeconfig it gets
        #[arg(long = "as", value_enum, default_value_t = User::Admin)]
        user: User,
        /// The command and its arguments
        #[arg(required = true, last = true)]
        command: Vec<OsString>,
    },
    /// Run the bed's kubectl
    #[command(disable_help_flag = true)]
    Kubectl {
        /// kubectl's arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Print the log of a part
    Logs {
        /// As `status` shows it: `istiod`, `shop/client`, …
        part: String,
    },
    /// Print the variables that `run` sets, for a shell
    Env,
}

/// Does it; the exit code is that of the command that was run.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let name = &arguments.name;
    match &arguments.action {
        Action::Up { topology } => up(name, topology.as_ref())?,
        Action::Down => Bed::remove(name)?,
        Action::Status => return status(&Bed::open(name)?),
        Action::Run { user, command } => {
            let (program, rest) = command.split_first().context("no command")?;
            return forward(Bed::open(name)?.command_as(*user, program).args(rest));
        }
        Action::Kubectl { arguments } => return forward(Bed::open(name)?.command("kubectl").args(arguments)),
        Action::Logs { part } => write!(std::io::stdout(), "{}", Bed::open(name)?.log(part)?)?,
        Action::Env => environment(&Bed::open(name)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn up(name: &str, topology: Option<&PathBuf>) -> anyhow::Result<()> {
    let topology = topology.map_or_else(Topology::standard, |path| Topology::read(path))?;
    let start = Instant::now();
    terminal::progress(format_args!("starting bed {name} …"));
    Bed::up(name, &topology)?;
    terminal::progress(format_args!(
        "bed {name} is ready after {:.1} s: cargo xtask bed kubectl --name {name} get pods -A",
        start.elapsed().as_secs_f32()
    ));
    Ok(())
}

fn status(bed: &Bed) -> anyhow::Result<ExitCode> {
    let parts = bed.status()?;
    let mut table = TabWriter::new(std::io::stdout()).padding(3);
    writeln!(table, "PART\tPID\tMEMORY\tREADY")?;
    for part in &parts {
        let pid = part.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        let ready = if part.ready { "yes" } else { "no" };
        writeln!(table, "{}\t{pid}\t{} MiB\t{ready}", part.name, part.memory / 1024)?;
    }
    table.flush()?;
    Ok(if parts.iter().all(|part| part.ready) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn environment(bed: &Bed) -> anyhow::Result<()> {
    terminal::result(format_args!("# ip netns exec {} $SHELL", bed.network()))?;
    terminal::result(format_args!("export KUBECONFIG='{}'", bed.kubeconfig(User::Admin).display()))?;
    Ok(terminal::result(format_args!("export PATH='{}':\"$PATH\"", bed.programs().display()))?)
}

fn forward(command: &mut Command) -> anyhow::Result<ExitCode> {
    let status = command.status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
