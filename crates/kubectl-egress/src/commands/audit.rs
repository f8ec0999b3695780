//! `audit`: checks what is in the cluster against today's policies.

mod related;

use egress_cluster::Cluster;
use egress_core::inventory;
use egress_core::opened::opened;
use egress_core::opened::unjudged::unjudged;
use egress_policy::audit::Audit;
use egress_policy::report::Status;
use egress_render::audit as view;

use super::list::{report_unreadable, require_readable, scope};
use super::{document, exported};
use crate::exit::Code;
use crate::policies::{self, EvaluationContext};
use crate::settings::audit::Audit as Settings;
use crate::terminal::Terminal;

/// Audits.
pub(super) async fn run(settings: &Settings, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let cluster = Cluster::connect(&settings.connection).await?;
    let (namespace, scope) = scope(&settings.namespaces, &settings.policies, &cluster);
    let (snapshot, user) = tokio::join!(cluster.fetch(&scope), cluster.whoami());
    let snapshot = snapshot?;
    require_readable(&snapshot, namespace.as_deref())?;
    let egresses = inventory::egresses_in(&snapshot, namespace.as_deref());
    let context = EvaluationContext {
        cluster: Some(&cluster),
        snapshot: &snapshot,
        user: user.as_ref(),
        namespaces: egresses.iter().map(|egress| egress.namespace.as_str()).collect(),
    };
    let evaluator = policies::load(&settings.policies, &context, terminal).await?;
    let has_policies = !evaluator.is_empty();
    let found = if has_policies {
        let related = related::read(&cluster, &snapshot, namespace.as_deref()).await?;
        let known = inventory::objects_of_ready(&snapshot, &egresses);
        let sources = related.sources(&snapshot, &known, namespace.as_deref());
        let opened = opened(&sources);
        let namespaces = opened.keys().map(|(namespace, _)| namespace.as_str());
        let evaluator = policies::with_namespaces(evaluator, namespaces, Some(&cluster)).await?;
        let mut found = evaluator.audit_opened(&snapshot, &egresses, &opened);
        found.unjudged.extend(unjudged(&sources));
        found.unjudged.extend(related.unjudged(&snapshot, namespace.as_deref()));
        found
    } else {
        Audit { egresses: egresses.len(), ..Audit::default() }
    };
    let export = exported::read(&cluster, &snapshot.mesh).await;
    let text = match &settings.output {
        None => view::text(&found),
        Some(format) => document::text(&view::document(&found, &export)?, format)?,
    };
    terminal.result(&text)?;
    exported::tell(&export, terminal);
    if has_policies {
        terminal.note(&view::summary(&found));
    } else {
        terminal.note("No policy is configured: nothing was checked.");
    }
    for impostor in inventory::impostors(&snapshot) {
        if namespace.as_ref().is_none_or(|namespace| *namespace == impostor.object.namespace) {
            terminal.warning(&format!(
                "{} has the label of this plugin, but is not its object: {}",
                impostor.object, impostor.why
            ));
        }
    }
    for way in &found.unjudged {
        terminal.warning(&format!("not checked: {way}"));
    }
    let unreadable = report_unreadable(&snapshot, namespace.as_deref(), terminal);
    Ok(match found.status() {
        Status::Denied => Code::Failed,
        Status::Undecided => Code::Undecided,
        // Objects of other owners are subject to other rules.
        Status::Allowed if export.flaws.iter().any(|flaw| flaw.is_grave()) => Code::Failed,
        Status::Allowed if !found.unjudged.is_empty() => Code::Unchecked,
        Status::Allowed => unreadable,
    })
}
