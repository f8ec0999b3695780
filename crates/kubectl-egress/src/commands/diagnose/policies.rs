//! What the organisation's policies say about the egresses of a diagnosis.
//!
//! Knows which policies to ask, not what their answers mean.

use std::collections::BTreeMap;

use egress_cluster::Cluster;
use egress_core::inventory;
use egress_core::snapshot::Snapshot;
use egress_diagnose::facts::{Demands, PolicyRefusal, Request};
use egress_policy::audit;
use egress_policy::report::Status;
use egress_policy::request_builder::RequestedEgress;

use crate::policies::{self, EvaluationContext};
use crate::settings::diagnose::Diagnose;
use crate::terminal::Terminal;

/// Their objections to egresses, by namespace and host; empty without policies.
type Refusals = BTreeMap<(String, String), Vec<PolicyRefusal>>;

/// Their requirements for the nodes of each selected egress, and their objections to it.
pub(super) async fn ask(
    settings: &Diagnose,
    cluster: &Cluster,
    snapshot: &Snapshot,
    request: &Request,
    terminal: &mut Terminal,
) -> anyhow::Result<(Demands, Refusals)> {
    let user = cluster.whoami().await;
    let egresses = inventory::egresses_in(snapshot, request.namespace.as_deref());
    let namespaces = egresses.iter().map(|egress| egress.namespace.as_str()).collect();
    let context = EvaluationContext { cluster: Some(cluster), snapshot, user: user.as_ref(), namespaces };
    let evaluator = policies::load(&settings.policies, &context, terminal).await?;
    let (mut demands, mut refusals) = (Demands::new(), Refusals::new());
    if evaluator.is_empty() {
        return Ok((demands, refusals));
    }
    for egress in &egresses {
        // No objection is an answer, too.
        refusals.entry((egress.namespace.clone(), egress.host.to_string())).or_default();
        if let Some(record) = egress.readable_record() {
            let pinning = evaluator.placement("audit", &RequestedEgress::of(&record.intent));
            demands.insert((egress.namespace.clone(), egress.host.to_string()), pinning);
        }
    }
    for row in evaluator.audit(snapshot, &egresses).rows {
        // EG021 checks where the gateway runs.
        if row.status == Status::Denied && row.code != audit::NODE_NOT_ACCEPTED {
            let by = row.by.map(|author| author.to_string()).unwrap_or_default();
            let refusal = PolicyRefusal { by, message: row.message, remediation: row.remediation };
            let told = refusals.entry((row.namespace, row.host)).or_default();
            // Each port has the same objection.
            if !told.contains(&refusal) {
                told.push(refusal);
            }
        }
    }
    Ok((demands, refusals))
}
