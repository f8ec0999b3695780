//! What `list` is to do.

use egress_cluster::config::ConnectOptions;
use egress_core::selector::Selector;
use egress_render::format::OutputFormat;

use super::policies::PolicySettings;
use super::{Namespaces, connection, output, selector};
use crate::cli;
use crate::exit::Failure;

/// What `list` is to do.
#[derive(Clone, Debug)]
pub struct List {
    /// Where to look.
    pub namespaces: Namespaces,
    /// Which objects.
    pub selector: Option<Selector>,
    /// The format of the result.
    pub output: Option<OutputFormat>,
    /// Whether a table has a header.
    pub headers: bool,
    /// Only egresses written under other policies than the current ones.
    pub outdated: bool,
    /// Which policies are asked.
    pub policies: PolicySettings,
    /// Which cluster, as whom.
    pub connection: ConnectOptions,
}

impl List {
    /// Puts the flags together.
    pub fn resolve(typed: &cli::list::List, global: &cli::global::Global) -> Result<Self, Failure> {
        Ok(List {
            namespaces: Namespaces::resolve(global.namespace.clone(), typed.all_namespaces)?,
            selector: typed.selector.as_deref().map(selector).transpose()?,
            output: output::resolve(typed.output.as_deref(), OutputFormat::OF_LISTS)?,
            headers: !typed.no_headers,
            outdated: typed.outdated,
            policies: PolicySettings::resolve(typed.policies.clone(), false)?,
            connection: connection::resolve(&global.connection),
        })
    }
}
