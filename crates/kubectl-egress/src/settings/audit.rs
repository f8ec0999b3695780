//! What `audit` is to do.

use egress_cluster::config::ConnectOptions;
use egress_render::format::OutputFormat;

use super::policies::PolicySettings;
use super::{Namespaces, connection, output};
use crate::cli;
use crate::exit::Failure;

/// What `audit` is to do.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Where to look.
    pub namespaces: Namespaces,
    /// The format of the result; `None`: for people.
    pub output: Option<OutputFormat>,
    /// Which policies are asked.
    pub policies: PolicySettings,
    /// Which cluster, as whom.
    pub connection: ConnectOptions,
}

impl Audit {
    /// Puts the flags together.
    pub fn resolve(typed: cli::audit::Audit, global: &cli::global::Global) -> Result<Self, Failure> {
        Ok(Audit {
            namespaces: Namespaces::resolve(global.namespace.clone(), typed.all_namespaces)?,
            output: output::resolve(typed.output.as_deref(), OutputFormat::OF_REPORTS)?,
            policies: PolicySettings::resolve(typed.policies, false)?,
            connection: connection::resolve(&global.connection),
        })
    }
}
