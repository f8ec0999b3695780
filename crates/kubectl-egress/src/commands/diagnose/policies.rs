//! What the organisation's policies say about the egresses of a diagnosis.
//!
//! Knows whom to ask. What their words mean is decided elsewhere.

use std::collections::BTreeMap;

use egress_cluster::Cluster;
use egress_core::policy::audit;
use egress_core::policy::question::Subject;
use egress_core::policy::report::Status;
use egress_core::snapshot::Snapshot;
use egress_diagnose::evidence::{Demands, Refusal, Request};

use super::super::judge::{Judge, Occasion};
use crate::settings::diagnose::Diagnose;
use crate::terminal::Terminal;

/// What they say against egresses, by namespace and host; without policies, of none.
type Refusals = BTreeMap<(String, String), Vec<Refusal>>;

/// What they demand of the nodes of each egress in question, and what they say against it.
pub(super) async fn ask(
    settings: &Diagnose,
    cluster: &Cluster,
    snapshot: &Snapshot,
    request: &Request,
    terminal: &mut Terminal,
) -> anyhow::Result<(Demands, Refusals)> {
    let user = cluster.whoami().await;
    let occasion = Occasion { cluster: Some(cluster), snapshot, user: user.as_ref() };
    let mut judge = Judge::appoint(&settings.policies, &occasion, terminal).await?;
    let (mut demands, mut refusals) = (Demands::new(), Refusals::new());
    if judge.is_idle() {
        return Ok((demands, refusals));
    }
    let egresses = audit::egresses(snapshot, request.namespace.as_deref());
    for egress in &egresses {
        // Nothing against it is an answer, too.
        refusals.entry((egress.namespace.clone(), egress.host.to_string())).or_default();
        judge.learn_namespace(&egress.namespace, &occasion).await?;
        if let Some(record) = egress.readable_record() {
            let pinning = judge.pinning("audit", &Subject::of(&record.intent));
            demands.insert((egress.namespace.clone(), egress.host.to_string()), pinning);
        }
    }
    for row in judge.audit(snapshot, &egresses).rows {
        // Where the gateway runs is a check of its own.
        if row.status == Status::Denied && row.code != audit::NODE_NOT_ACCEPTED {
            let by = row.by.map(|author| author.to_string()).unwrap_or_default();
            let refusal = Refusal { by, message: row.message, remediation: row.remediation };
            let told = refusals.entry((row.namespace, row.host)).or_default();
            // The same is said of each port.
            if !told.contains(&refusal) {
                told.push(refusal);
            }
        }
    }
    Ok((demands, refusals))
}
