//! What `diagnose` is to do.

use egress_core::host::DnsName;

use super::{Namespaces, hosts};
use crate::cli;
use crate::exit::Failure;
use crate::terminal::Terminal;

/// What `diagnose` is to do.
#[derive(Clone, Debug)]
pub struct Diagnose {
    /// The hosts to walk; empty: all.
    pub hosts: Vec<DnsName>,
    /// Where to look.
    pub namespaces: Namespaces,
    /// The report as JSON.
    pub json: bool,
}

impl Diagnose {
    /// Puts the flags together.
    pub fn resolve(
        typed: &cli::diagnose::Diagnose,
        global: &cli::global::Global,
        terminal: &mut Terminal,
    ) -> Result<Self, Failure> {
        let targets = hosts::read(&typed.hosts, &[], terminal)?;
        Ok(Diagnose {
            hosts: targets.into_iter().map(|target| target.host).collect(),
            namespaces: Namespaces::resolve(global.namespace.clone(), typed.all_namespaces)?,
            json: super::output::is_json(typed.output.as_deref())?,
        })
    }
}
