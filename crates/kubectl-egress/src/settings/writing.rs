//! How to make a change: for real or as a dry run, with how much proof, with which answer to questions.

use std::time::Duration;

use egress_core::host::quoted;

use crate::cli::change::{Change, DryRun};
use crate::exit::Failure;
use crate::terminal::Terminal;

/// The longest field manager that the API server accepts.
const LONGEST_MANAGER: usize = 128;

/// The settings that `add` and `remove` share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writing {
    /// For real or not.
    pub mode: Mode,
    /// How to wait for the proxies.
    pub proof: Proof,
    /// Whether the user already answered the question before a change.
    pub confirmed: bool,
    /// The field manager of the writes.
    pub field_manager: String,
}

/// For real or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Write.
    Apply,
    /// Print the objects, without a cluster.
    DryRunClient,
    /// Let the API server check the objects, without storing them.
    DryRunServer,
    /// Only show the difference.
    Diff,
}

/// How to wait for the proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The limit after each step.
    pub timeout: Duration,
    /// The time to wait instead without permission to read the proxies.
    pub settle: Duration,
    /// Refuse to write without permission to read them.
    pub required: bool,
}

impl Mode {
    /// What `--dry-run` asks for.
    pub(super) fn of(dry_run: DryRun, terminal: &mut Terminal) -> Self {
        match dry_run {
            DryRun::None => Mode::Apply,
            DryRun::Client => Mode::DryRunClient,
            DryRun::Server => Mode::DryRunServer,
            DryRun::Bare => {
                terminal.warning("--dry-run is deprecated and can be replaced with --dry-run=client");
                Mode::DryRunClient
            }
        }
    }
}

impl Writing {
    /// Puts the flags together.
    pub(super) fn resolve(typed: &Change, diff: bool, terminal: &mut Terminal) -> Result<Self, Failure> {
        let mode = match (diff, Mode::of(typed.dry_run, terminal)) {
            (false, mode) => mode,
            (true, Mode::Apply) => Mode::Diff,
            (true, _) => {
                return Err(Failure::usage(
                    "`--diff` and `--dry-run` contradict each other",
                    "leave out `--dry-run`: `--diff` writes nothing",
                ));
            }
        };
        if mode == Mode::Diff && typed.output.is_some() {
            return Err(Failure::usage(
                "`--diff` and `-o` contradict each other: a difference has one format",
                "leave out `-o`, or `--diff` for the objects themselves: `--dry-run=client -o yaml`",
            ));
        }
        if mode != Mode::Apply && typed.require_proof {
            return Err(Failure::usage(
                "`--require-proof` needs a change; `--dry-run` and `--diff` change nothing",
                "leave out `--require-proof`",
            ));
        }
        let proof = Proof { timeout: typed.timeout, settle: typed.settle, required: typed.require_proof };
        let field_manager = field_manager(&typed.field_manager)?;
        Ok(Writing { mode, proof, confirmed: typed.yes, field_manager })
    }
}

fn field_manager(name: &str) -> Result<String, Failure> {
    if name.is_empty() || name.len() > LONGEST_MANAGER || name.chars().any(char::is_control) {
        return Err(Failure::usage(
            format!("`--field-manager`: expected 1 to {LONGEST_MANAGER} characters, found {}", quoted(name)),
            "leave it out for `kubectl-egress`",
        ));
    }
    Ok(name.to_owned())
}
