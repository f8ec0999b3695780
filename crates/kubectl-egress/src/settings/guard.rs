//! What the commands of `guard` are to do.

use std::collections::BTreeSet;
use std::time::Duration;

use egress_cluster::config::ConnectOptions;
use egress_core::admission::Enforcement;
use egress_core::host::quoted;
use egress_core::intent::GatewayName;
use egress_render::format::OutputFormat;

use super::writing::Mode;
use super::{connection, output};
use crate::cli::global::Global;
use crate::cli::guard as typed;
use crate::exit::Failure;
use crate::terminal::Terminal;

/// What to guard.
#[derive(Clone, Debug, Default)]
pub struct Guarded {
    /// The gateways; none: the current ones.
    pub gateways: BTreeSet<GatewayName>,
    /// Users that may write endpoints; none: the current ones.
    pub endpoint_writers: BTreeSet<String>,
    /// Whether to warn or deny when a request breaks a rule; `None`: as now.
    pub enforcement: Option<Enforcement>,
}

/// What `guard plan` is to do.
#[derive(Clone, Debug)]
pub struct GuardPlan {
    /// What to guard.
    pub guarded: Guarded,
    /// The format of the objects; `None`: for people.
    pub output: Option<OutputFormat>,
    /// Which cluster, as whom.
    pub connection: ConnectOptions,
}

/// What `guard apply` is to do.
#[derive(Clone, Debug)]
pub struct Apply {
    /// What to guard.
    pub guarded: Guarded,
    /// For real or not.
    pub writing: Writing,
    /// The timeout for the API server.
    pub timeout: Duration,
    /// Which cluster, as whom.
    pub connection: ConnectOptions,
}

/// What `guard status` is to do.
#[derive(Clone, Debug)]
pub struct GuardStatus {
    /// The format of the answer; `None`: for people.
    pub output: Option<OutputFormat>,
    /// Which cluster, as whom.
    pub connection: ConnectOptions,
}

/// What `guard undo` is to do.
#[derive(Clone, Debug)]
pub struct Undo {
    /// For real or not.
    pub writing: Writing,
    /// Which cluster, as whom.
    pub connection: ConnectOptions,
}

/// For real or not.
#[derive(Clone, Debug)]
pub struct Writing {
    /// For real or not.
    pub mode: Mode,
    /// Whether the user already answered the question before a change.
    pub confirmed: bool,
    /// The format of the result.
    pub output: Option<OutputFormat>,
}

impl GuardPlan {
    /// Puts the flags together.
    pub fn resolve(typed: &typed::GuardPlan, global: &Global) -> Result<Self, Failure> {
        Ok(GuardPlan {
            guarded: guarded(&typed.guarded)?,
            output: output::resolve(typed.output.as_deref(), OutputFormat::OF_CHANGES)?,
            connection: connection::resolve(&global.connection),
        })
    }
}

impl Apply {
    /// Puts the flags together.
    pub fn resolve(typed: &typed::Apply, global: &Global, terminal: &mut Terminal) -> Result<Self, Failure> {
        Ok(Apply {
            guarded: guarded(&typed.guarded)?,
            writing: writing(&typed.writing, terminal)?,
            timeout: typed.timeout,
            connection: connection::resolve(&global.connection),
        })
    }
}

impl GuardStatus {
    /// Puts the flags together.
    pub fn resolve(typed: &typed::GuardStatus, global: &Global) -> Result<Self, Failure> {
        Ok(GuardStatus {
            output: output::resolve(typed.output.as_deref(), OutputFormat::OF_REPORTS)?,
            connection: connection::resolve(&global.connection),
        })
    }
}

impl Undo {
    /// Puts the flags together.
    pub fn resolve(typed: &typed::Undo, global: &Global, terminal: &mut Terminal) -> Result<Self, Failure> {
        Ok(Undo {
            writing: writing(&typed.writing, terminal)?,
            connection: connection::resolve(&global.connection),
        })
    }
}

fn guarded(typed: &typed::Guarded) -> Result<Guarded, Failure> {
    let gateway = |text: &String| {
        text.parse::<GatewayName>().map_err(|error| {
            Failure::usage(
                format!("`--gateway`: {error}"),
                "type `--gateway istio-system/istio-egressgateway`",
            )
        })
    };
    Ok(Guarded {
        gateways: typed.gateways.iter().map(gateway).collect::<Result<_, _>>()?,
        endpoint_writers: typed.endpoint_writers.iter().map(|user| writer(user)).collect::<Result<_, _>>()?,
        enforcement: match (typed.deny, typed.warn) {
            (true, _) => Some(Enforcement::Deny),
            (_, true) => Some(Enforcement::Warn),
            _ => None,
        },
    })
}

/// Users are kept in an annotation, separated by commas.
fn writer(user: &str) -> Result<String, Failure> {
    let plain = |character: char| character.is_ascii_graphic() && character != ',';
    if !user.is_empty() && user.chars().all(plain) {
        return Ok(user.to_owned());
    }
    Err(Failure::usage(
        format!("`--endpoint-writer`: expected the name of one user, found {}", quoted(user)),
        "type `--endpoint-writer system:serviceaccount:NAMESPACE:NAME`",
    ))
}

fn writing(typed: &typed::Writing, terminal: &mut Terminal) -> Result<Writing, Failure> {
    let output = output::resolve(typed.output.as_deref(), OutputFormat::OF_CHANGES)?;
    Ok(Writing { mode: Mode::of(typed.dry_run, terminal), confirmed: typed.yes, output })
}
