//! Finds what is wrong with the exported policy in the API server, for `audit` and `diagnose`.
//!
//! Without an exported policy, it reads only the policy and its binding.

use egress_cluster::policy::PolicyMap;
use egress_cluster::{Cluster, ClusterError};
use egress_core::admission::exported::NAME;
use egress_core::related_resources::ExportFacts;
use egress_core::snapshot::MeshFacts;
use egress_policy::config::PolicyConfig;
use egress_policy::export::flaws;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::policies::CONFIGURATION;
use crate::terminal::Terminal;

/// Reads the policy, its binding, and the configuration that they were exported from.
pub(super) async fn read(cluster: &Cluster, mesh: &MeshFacts) -> ExportFacts {
    match compared(cluster, mesh).await {
        Ok(facts) => facts,
        Err(error) => unreadable(error.to_string()),
    }
}

/// Says what is wrong with it.
pub(super) fn tell(export: &ExportFacts, terminal: &mut Terminal) {
    for flaw in &export.flaws {
        terminal.warning(&format!("{flaw}; see `kubectl egress policy export`"));
    }
    if let Some(why) = &export.unreadable {
        terminal.note(&format!("not checked whether the API server has an exported policy: {why}"));
    }
}

fn unreadable(why: String) -> ExportFacts {
    ExportFacts { unreadable: Some(why), ..ExportFacts::default() }
}

async fn compared(cluster: &Cluster, mesh: &MeshFacts) -> Result<ExportFacts, ClusterError> {
    let found = cluster.admission_policy(NAME).await?;
    if found.policies.is_empty() && found.bindings.is_empty() {
        return Ok(ExportFacts::default());
    }
    if let Some(why) = &mesh.root_unknown {
        let why = format!("the mesh's root namespace, with the configuration, is not known: {why}");
        return Ok(unreadable(why));
    }
    let map = cluster.policy_map(&mesh.root_namespace).await?;
    let text = map.as_ref().and_then(|map: &PolicyMap| map.data.get(CONFIGURATION));
    let set = match text.map(|text| PolicyConfig::parse(text)).transpose() {
        Ok(set) => set,
        Err(error) => return Ok(unreadable(format!("{CONFIGURATION}: {error}"))),
    };
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let flaws = flaws(set.as_ref(), today, &found.policies, &found.bindings);
    Ok(ExportFacts { exists: true, flaws, unreadable: None })
}
