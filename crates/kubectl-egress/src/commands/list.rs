//! `list`: the egresses that exist, read back from the objects.

use std::collections::BTreeSet;

use egress_cluster::Cluster;
use egress_cluster::fetch::{self, Scope};
use egress_core::index::Index;
use egress_core::inventory::{self, Egress};
use egress_core::recorded_policies;
use egress_core::role::Kind;
use egress_core::snapshot::Snapshot;
use egress_render::format::OutputFormat;
use egress_render::inventory::{Columns, ListRow, document as rows_document, names, table};
use jiff::Timestamp;

use super::document;
use crate::exit::{Code, Failure};
use crate::policies::{self, EvaluationContext};
use crate::settings::Namespaces;
use crate::settings::list::List;
use crate::settings::policies::PolicySettings;
use crate::terminal::Terminal;

/// Lists.
pub(super) async fn run(settings: &List, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let cluster = Cluster::connect(&settings.connection).await?;
    let (namespace, scope) = scope(&settings.namespaces, &settings.policies, &cluster);
    let snapshot = cluster.fetch(&scope).await?;
    require_readable(&snapshot, namespace.as_deref())?;
    let egresses = inventory::egresses(&snapshot);
    let wanted = egresses.iter().filter(|egress| {
        let here = namespace.as_ref().is_none_or(|namespace| egress.namespace == *namespace);
        let labelled = settings
            .selector
            .as_ref()
            .is_none_or(|selector| egress.parts.iter().any(|part| selector.matches(&part.resource.labels)));
        here && labelled
    });
    let wanted: Vec<&Egress<'_>> = wanted.collect();
    let index = Index::of(&snapshot);
    let row = |egress: &&Egress<'_>| ListRow { egress: egress.row(&index), placement_violations: None };
    let mut rows: Vec<ListRow> = wanted.iter().map(row).collect();
    if settings.outdated || settings.output == Some(OutputFormat::Wide) {
        match ask_policies(settings, &cluster, &snapshot, &wanted, &mut rows, terminal).await {
            // One column less is better than no list.
            Err(error) if !settings.outdated => {
                terminal.warning(&format!(
                    "PINNED is not known, because the policies could not be asked: {error:#}"
                ));
            }
            answered => answered?,
        }
    }
    let columns = |wide| Columns { namespace: namespace.is_none(), wide, header: settings.headers };
    let text = match &settings.output {
        None => table(&rows, columns(false), Timestamp::now()),
        Some(OutputFormat::Wide) => table(&rows, columns(true), Timestamp::now()),
        Some(OutputFormat::Name) => names(&rows),
        Some(format) => document::text(&rows_document(&rows)?, format)?,
    };
    terminal.result(&text)?;
    let egresses = rows.iter().map(|row| &row.egress);
    for (row, why) in egresses.clone().filter_map(|row| Some((row, row.why.as_ref()?))) {
        terminal.warning(&format!(
            "{} in namespace {} was not made by this plugin: {why}",
            row.host, row.namespace
        ));
    }
    if rows.is_empty() {
        terminal.note(&match &namespace {
            Some(namespace) => format!("No egress found in {namespace} namespace."),
            None => "No egress found.".to_owned(),
        });
    }
    let earlier: Vec<String> = egresses
        .filter(|row| !row.earlier.is_empty())
        .map(|row| format!("{} in {}", row.host, row.namespace))
        .collect();
    if !earlier.is_empty() {
        terminal.warning(&format!(
            "written by an earlier version: a route of another namespace can take requests at the gateway; \
             run the same `add` again: {}",
            earlier.join(", ")
        ));
    }
    Ok(report_unreadable(&snapshot, namespace.as_deref(), terminal))
}

/// The namespace to list, `None` for all, and what is read from it.
pub(super) fn scope(
    namespaces: &Namespaces,
    policies: &PolicySettings,
    cluster: &Cluster,
) -> (Option<String>, Scope) {
    let named = match namespaces {
        Namespaces::All => None,
        Namespaces::One(named) => {
            Some(named.clone().unwrap_or_else(|| cluster.default_namespace().to_owned()))
        }
    };
    let read =
        named.clone().map_or(fetch::Namespaces::All(Vec::new()), |name| fetch::Namespaces::Some(vec![name]));
    let root_namespace = policies.root_namespace.clone();
    (named, Scope { namespaces: read, gateway: None, nodes: false, root_namespace })
}

/// Says of each row what today's policies demand of its gateway's nodes, and what has changed in them since it was
/// written; with `--outdated` drops the rows where nothing has.
async fn ask_policies(
    settings: &List,
    cluster: &Cluster,
    snapshot: &Snapshot,
    egresses: &[&Egress<'_>],
    rows: &mut Vec<ListRow>,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let namespaces = egresses.iter().map(|egress| egress.namespace.as_str()).collect();
    let context = EvaluationContext { cluster: Some(cluster), snapshot, user: None, namespaces };
    let evaluator = policies::load(&settings.policies, &context, terminal).await?;
    let today = evaluator.recorded();
    for (row, egress) in rows.iter_mut().zip(egresses) {
        row.placement_violations = evaluator.placement_violations(egress, snapshot);
        if settings.outdated && egress.layout.is_some() {
            row.egress.outdated = recorded_policies::outdated(&row.egress.policies, &today);
        }
    }
    rows.retain(|row| !settings.outdated || !row.egress.outdated.is_empty());
    Ok(())
}

/// If Istio's objects could be read in no namespace, there is no result.
pub(super) fn require_readable(snapshot: &Snapshot, namespace: Option<&str>) -> Result<(), Failure> {
    let nothing = snapshot.istio_read_in.as_ref().is_some_and(BTreeSet::is_empty);
    if snapshot.has_istio_of(namespace) || (namespace.is_none() && !nothing) {
        return Ok(());
    }
    let why = snapshot.unreadable.iter().find(|row| row.is_of_istio()).map(|row| row.why.clone());
    Err(Failure {
        code: Code::Unreachable,
        message: why.unwrap_or_else(|| format!("the objects of {} could not be read", Kind::GROUP)),
        hint: Some(
            "ask for permission to list the objects of networking.istio.io in the namespace".to_owned(),
        ),
    })
}

/// If a requested namespace could not be read, rows may be missing, so the exit code is not 0.
pub(super) fn report_unreadable(
    snapshot: &Snapshot,
    namespace: Option<&str>,
    terminal: &mut Terminal,
) -> Code {
    if snapshot.has_istio_of(namespace) {
        return Code::Done;
    }
    for unreadable in snapshot.unreadable.iter().filter(|row| row.is_of_istio()) {
        terminal.warning(&format!("could not read {}: {}", unreadable.what, unreadable.why));
    }
    Code::Unchecked
}
