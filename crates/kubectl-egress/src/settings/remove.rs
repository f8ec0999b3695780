//! What `remove` is to do.

use std::collections::BTreeSet;

use egress_cluster::config::ConnectOptions;
use egress_core::command::{ShellCommand, Word};
use egress_core::host::DnsName;
use egress_core::operation::remove::Selection;
use egress_core::port::Port;
use egress_core::target::Target;
use egress_render::format::OutputFormat;

use super::policies::PolicySettings;
use super::writing::Writing;
use super::{checked_namespace, connection, hosts, output};
use crate::cli;
use crate::exit::Failure;
use crate::terminal::Terminal;

/// What `remove` is to do.
#[derive(Clone, Debug)]
pub struct Remove {
    /// What to remove.
    pub selection: Selection,
    /// The namespace; `None`: the namespace of the kubeconfig's context.
    pub namespace: Option<String>,
    /// Remove objects of other owners, too.
    pub force: bool,
    /// Remove the unused shared pair, too.
    pub prune: bool,
    /// The format of the result.
    pub output: Option<OutputFormat>,
    /// For real or not, and with which proof.
    pub writing: Writing,
    /// Which policies are asked.
    pub policies: PolicySettings,
    /// Which cluster, as whom.
    pub connection: ConnectOptions,
}

impl Remove {
    /// Puts the flags together and reads the files they name.
    pub fn resolve(
        typed: cli::remove::Remove,
        global: &cli::global::Global,
        terminal: &mut Terminal,
    ) -> Result<Self, Failure> {
        let writing = Writing::resolve(&typed.change, false, terminal)?;
        Ok(Remove {
            namespace: checked_namespace(global.namespace.clone())?,
            force: typed.force,
            prune: typed.prune,
            output: output::resolve(typed.change.output.as_deref(), OutputFormat::OF_CHANGES)?,
            policies: PolicySettings::resolve(typed.policies.clone(), typed.explain)?,
            selection: selection(typed, terminal)?,
            writing,
            connection: connection::resolve(&global.connection),
        })
    }
}

fn selection(typed: cli::remove::Remove, terminal: &mut Terminal) -> Result<Selection, Failure> {
    let named = !typed.hosts.is_empty() || !typed.filenames.is_empty();
    match (named, typed.selector, typed.all) {
        (true, None, false) => {
            let mut targets = hosts::read(&typed.hosts, &[], terminal)?;
            whole_hosts(&targets)?;
            // `remove` accepts the same file as `add`, including ports.
            targets.extend(hosts::read(&[], &typed.filenames, terminal)?);
            let hosts: BTreeSet<DnsName> = targets.into_iter().map(|target| target.host).collect();
            Ok(Selection::Hosts(hosts.into_iter().collect()))
        }
        (false, Some(selector), false) => Ok(Selection::Labels(super::selector(&selector)?)),
        (false, None, true) => Ok(Selection::All),
        (false, None, false) => Err(Failure::usage(
            "expected HOST, `-f FILE`, `-l SELECTOR` or `--all`, found none",
            "type `kubectl egress list` for the existing hosts",
        )),
        _ => Err(Failure::usage(
            "HOST or `-f`, `-l` and `--all` contradict each other: each selects the hosts to remove",
            "type only one of them",
        )),
    }
}

/// `remove x:443` must not remove port 80, too, so it is refused.
fn whole_hosts(targets: &[Target]) -> Result<(), Failure> {
    let whole = BTreeSet::from([Port::HTTP, Port::TLS]);
    match targets.iter().find(|target| target.ports != whole) {
        None => Ok(()),
        Some(target) => Err(Failure::usage(
            format!("expected a host without port or scheme: `remove` takes all ports of `{}`", target.host),
            format!(
                "type `{}`",
                ShellCommand::new(["kubectl", "egress", "remove"]).word(Word::host(target.host.as_str()))
            ),
        )),
    }
}
