//! `guard undo`: deletes bindings first, then policies, and the leftovers of an interrupted trial.

use std::collections::BTreeSet;

use egress_cluster::{Cluster, ClusterError};
use egress_core::admission::AdmissionSet;
use egress_render::admission as view;
use egress_render::format::OutputFormat;

use super::super::document;
use super::comparison::too_old;
use super::lines::lines;
use super::permissions::{require, rights};
use crate::exit::Code;
use crate::settings::guard::Undo;
use crate::settings::writing::Mode;
use crate::terminal::Terminal;

/// Deletes the guard, or does a dry run.
pub(super) async fn run(settings: &Undo, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let cluster = Cluster::connect(&settings.connection).await?;
    let found = cluster.admission(AdmissionSet::Guard).await?.ok_or_else(too_old)?;
    let bindings: BTreeSet<String> =
        found.bindings.iter().filter_map(|binding| binding.metadata.name.clone()).collect();
    let policies: BTreeSet<String> =
        found.policies.iter().filter_map(|policy| policy.metadata.name.clone()).collect();
    let names: BTreeSet<String> = bindings.union(&policies).cloned().collect();
    let suffix = match settings.writing.mode {
        Mode::DryRunClient => " (dry run)",
        Mode::DryRunServer => " (server dry run)",
        _ => "",
    };
    if names.is_empty() {
        terminal.note("No guard found.");
    } else if settings.writing.mode != Mode::DryRunClient {
        require(&cluster, rights(&["delete"])).await?;
        let dry_run = settings.writing.mode == Mode::DryRunServer;
        if !dry_run && !settings.writing.confirmed && terminal.can_ask() {
            let list: Vec<&str> = names.iter().map(String::as_str).collect();
            terminal.note(&list.join("\n"));
            if !terminal.ask("Undo?")? {
                return Ok(Code::Failed);
            }
        }
        delete(&cluster, &names, dry_run).await?;
    }
    let objects = bindings
        .iter()
        .map(|name| view::binding_name(name))
        .chain(policies.iter().map(|name| view::policy_name(name)));
    let text = match &settings.writing.output {
        None | Some(OutputFormat::Wide) => lines(objects.map(|name| format!("{name} deleted{suffix}"))),
        Some(OutputFormat::Name) => lines(objects),
        Some(format) => {
            let objects: Vec<String> = objects.collect();
            document::text(&view::undone(&objects), format)?
        }
    };
    terminal.result(&text)?;
    Ok(Code::Done)
}

/// Deletes the objects with these names: a binding before its policy.
pub(super) async fn delete(
    cluster: &Cluster,
    names: &BTreeSet<String>,
    dry_run: bool,
) -> Result<(), ClusterError> {
    for name in names {
        cluster.delete_binding(name, dry_run).await?;
    }
    for name in names {
        cluster.delete_policy(name, dry_run).await?;
    }
    Ok(())
}
