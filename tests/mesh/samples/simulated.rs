//! What the simulation says of a call over a cluster that was read, in terms of what can be seen of it.

use std::{collections::BTreeSet, time::Duration};

use egress_cluster::Cluster;
use egress_cluster::config::ConnectOptions;
use egress_cluster::fetch::{Namespaces, Scope};
use egress_core::istio::call::{End, Passage, Refusal, Speaks};
use egress_core::istio::gateway_api::MadeObjects;
use egress_core::istio::simulation::{Simulation, World};
use egress_core::related_resources::RelatedResources;
use egress_core::snapshot::Snapshot;
use testbed::bed::User;

use super::super::harness::Mesh;
use super::call::SampleCall;
use super::seen::SampleEnd;

/// The ports of the origin that answer.
const LISTENING: [u16; 6] = [80, 443, 8080, 8443, 9000, 9001];

/// Everything that the simulation reads.
pub(super) struct ReadCluster {
    pub(super) snapshot: Snapshot,
    related: RelatedResources,
}

impl ReadCluster {
    /// Reads the cluster as `diagnose` does.
    pub(super) fn read(mesh: &Mesh) -> anyhow::Result<Self> {
        let kubeconfig = mesh.bed().kubeconfig(User::Admin);
        mesh.bed().in_control_plane(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let connection = ConnectOptions {
                    kubeconfig: kubeconfig.into(),
                    request_timeout: Some(Duration::from_secs(20)),
                    ..ConnectOptions::default()
                };
                let cluster = Cluster::connect(&connection).await?;
                let scope = Scope {
                    namespaces: Namespaces::All(Vec::new()),
                    gateway: None,
                    nodes: false,
                    root_namespace: None,
                };
                let (snapshot, related) =
                    tokio::try_join!(cluster.fetch(&scope), cluster.related_resources())?;
                Ok(Self { snapshot, related: related.facts })
            })
        })?
    }

    /// Every end that the simulation knows for a call.
    pub(super) fn ends(&self, call: &SampleCall) -> BTreeSet<SampleEnd> {
        let made = MadeObjects::new(&self.snapshot, &self.related);
        let world = World::new(&self.snapshot, &self.related, &made);
        Simulation::new(&world).passages(&call.call).iter().flat_map(|passage| ends(call, passage)).collect()
    }
}

/// What is seen of one passage. Where Envoy says no by a status or by closing, depending on which filter said it, both.
fn ends(call: &SampleCall, passage: &Passage) -> Vec<SampleEnd> {
    let is_http = matches!(call.call.speaks, Speaks::Http { .. });
    let last = passage.hops.last();
    // A sidecar that gets no answer from the next proxy answers by itself.
    let unanswered = if is_http { SampleEnd::Status(503) } else { SampleEnd::Closed };
    let refusal = match &passage.end {
        End::Leaves { port, .. } if LISTENING.contains(port) => {
            let from = last.map_or_else(|| call.call.caller.clone(), |hop| hop.proxy.clone());
            return vec![SampleEnd::Origin { from, port: *port }];
        }
        // The way out is there, and nobody listens at its end.
        End::Leaves { .. } => return vec![unanswered],
        End::Arrives { pod, port } => {
            let in_mesh_mtls = last.and_then(|hop| hop.tls.as_ref()).is_some_and(|tls| tls.is_mesh);
            return vec![SampleEnd::Pod { pod: pod.clone(), port: *port, in_mesh_mtls }];
        }
        End::Refused(refusal) => *refusal,
        // Nothing that is seen is like it.
        End::Undecided => return Vec::new(),
    };
    let at_caller = passage.hops.is_empty();
    match refusal {
        Refusal::Answered(status) => vec![SampleEnd::Status(status)],
        Refusal::Blocked if is_http => vec![SampleEnd::Status(502), SampleEnd::Closed],
        Refusal::NoRoute if is_http => vec![SampleEnd::Status(404)],
        Refusal::ByPolicy if is_http => vec![SampleEnd::Status(403)],
        Refusal::ByPolicy => vec![SampleEnd::Closed],
        Refusal::NoListener if at_caller => vec![SampleEnd::NotTaken],
        Refusal::OtherProtocol if at_caller => vec![SampleEnd::Status(400), SampleEnd::Closed],
        Refusal::NoFilterChain if at_caller => vec![SampleEnd::Closed],
        Refusal::Blocked
        | Refusal::NoRoute
        | Refusal::NoListener
        | Refusal::NoFilterChain
        | Refusal::NoCluster
        | Refusal::NoEndpoint
        | Refusal::OtherProtocol
        | Refusal::Loop => vec![unanswered],
    }
}
