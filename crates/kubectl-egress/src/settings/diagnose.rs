//! What `diagnose` is to do.

use std::path::PathBuf;

use egress_cluster::config::ConnectOptions;
use egress_core::host::DnsName;
use egress_diagnose::calls::HostToFollow;

use self::client::Client;
use self::probing::Probing;
use self::reporting::{ReportFormat, Reporting};
use self::sources::Sources;
use super::policies::PolicySettings;
use super::{Namespaces, connection, hosts};
use crate::cli;
use crate::exit::Failure;
use crate::terminal::Terminal;

pub mod client;
mod follow;
pub mod probing;
pub mod reporting;
pub mod sources;

/// What `diagnose` is to do.
#[derive(Clone, Debug)]
pub struct Diagnose {
    /// The hosts to walk; empty: all.
    pub hosts: Vec<DnsName>,
    /// Where to look.
    pub namespaces: Namespaces,
    /// The client whose path is examined; `None`: one of each caller namespace.
    pub client: Option<Client>,
    /// Where the facts come from.
    pub sources: Sources,
    /// What to report.
    pub reporting: Reporting,
    /// The hosts whose calls are shown hop by hop.
    pub follow: Vec<HostToFollow>,
    /// Where to write the bundle.
    pub bundle: Option<PathBuf>,
    /// The bundles of other clusters.
    pub beside: Vec<PathBuf>,
    /// The probe to send.
    pub probing: Option<Probing>,
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
        let reporting = Reporting::resolve(&typed.reporting, global.verbosity)?;
        let sources = Sources::resolve(&typed.sources);
        if reporting.form == ReportFormat::Watch && typed.sources.filenames.iter().any(|name| name == "-") {
            let hint = "name a file, or leave out `--watch`";
            return Err(Failure::usage("`--watch` cannot read standard input more than once", hint));
        }
        let follow = follow::resolve(typed, &targets)?;
        let probing = Probing::resolve(typed.probing, &targets, terminal.can_ask())?;
        Ok(Diagnose {
            follow,
            hosts: targets.into_iter().map(|target| target.host).collect(),
            namespaces,
            client,
            bundle: typed.sources.bundle.clone(),
            beside: typed.sources.beside.clone(),
            sources,
            reporting,
            probing,
            policies: PolicySettings::resolve(typed.policies.clone(), false)?,
            connection: connection::resolve(&global.connection),
        })
    }
}
