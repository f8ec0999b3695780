//! What `diagnose` is to do.

use egress_cluster::config::ConnectOptions;
use egress_core::host::DnsName;
use egress_render::format::OutputFormat;

use self::client::Client;
use self::sources::Sources;
use super::policies::PolicySettings;
use super::{Namespaces, connection, hosts, output};
use crate::cli;
use crate::exit::Failure;
use crate::terminal::Terminal;

pub mod client;
pub mod sources;

/// What `diagnose` is to do.
#[derive(Clone, Debug)]
pub struct Diagnose {
    /// The hosts to walk; empty: all.
    pub hosts: Vec<DnsName>,
    /// Where to look.
    pub namespaces: Namespaces,
    /// The client whose way is walked; `None`: one of each namespace that calls.
    pub client: Option<Client>,
    /// Where the facts come from.
    pub sources: Sources,
    /// The format of the report; `None`: for people.
    pub output: Option<OutputFormat>,
    /// Which policies are asked.
    pub policies: PolicySettings,
    /// Which cluster, as whom.
    pub connection: ConnectOptions,
}

impl Diagnose {
    /// Puts the flags together.
    pub fn resolve(
        typed: &cli::diagnose::Diagnose,
        global: &cli::global::Global,
        terminal: &mut Terminal,
    ) -> Result<Self, Failure> {
        let targets = hosts::read(&typed.hosts, &[], terminal)?;
        let namespaces = Namespaces::resolve(global.namespace.clone(), typed.all_namespaces)?;
        let client = typed.client.as_deref().map(|client| Client::parse(client, &namespaces)).transpose()?;
        Ok(Diagnose {
            hosts: targets.into_iter().map(|target| target.host).collect(),
            namespaces,
            client,
            sources: Sources::resolve(&typed.sources),
            output: output::resolve(typed.output.as_deref(), OutputFormat::OF_REPORTS)?,
            policies: PolicySettings::resolve(typed.policies.clone(), false)?,
            connection: connection::resolve(&global.connection),
        })
    }
}
