//! `audit`: today's policies over what is in the cluster.

use egress_cluster::Cluster;
use egress_core::policy::audit;
use egress_core::policy::report::Status;
use egress_render::audit as view;

use super::document;
use super::judge::{Judge, Occasion};
use super::list::{report_unreadable, require_readable, scope};
use crate::exit::Code;
use crate::settings::audit::Audit;
use crate::terminal::Terminal;

/// Audits.
pub(super) async fn run(settings: &Audit, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let cluster = Cluster::connect(&settings.connection).await?;
    let (namespace, scope) = scope(&settings.namespaces, &cluster);
    let (snapshot, user) = tokio::join!(cluster.fetch(&scope), cluster.whoami());
    let snapshot = snapshot?;
    require_readable(&snapshot, namespace.as_deref())?;
    let egresses = audit::egresses(&snapshot, namespace.as_deref());
    let occasion = Occasion { cluster: Some(&cluster), snapshot: &snapshot, user: user.as_ref() };
    let mut judge = Judge::appoint(&settings.policies, &occasion, terminal).await?;
    for egress in &egresses {
        judge.learn_namespace(&egress.namespace, &occasion).await?;
    }
    let found = judge.audit(&snapshot, &egresses);
    let text = match &settings.output {
        None => view::text(&found),
        Some(format) => document::text(&view::document(&found)?, format)?,
    };
    terminal.result(&text)?;
    if judge.is_idle() {
        terminal.note("No policy is configured: nothing was judged.");
    } else {
        terminal.note(&view::summary(&found));
    }
    let unreadable = report_unreadable(&snapshot, namespace.as_deref(), terminal);
    Ok(match found.status() {
        Status::Denied => Code::Failed,
        Status::Undecided => Code::Undecided,
        Status::Allowed => unreadable,
    })
}
