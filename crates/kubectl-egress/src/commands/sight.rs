//! Which proxies we may read, and which of them are read.
//!
//! Port-forward to a gateway is a strong right that application developers rarely have. What may not be looked at is
//! said before the first write.

use egress_cluster::access::Right;
use egress_cluster::{Cluster, ClusterError, look};
use egress_core::proof::Side;
use egress_core::snapshot::{GatewayFacts, PodFacts, Snapshot};
use egress_render::outcome::Proven;

/// More clients than these are sampled: each look is a connection through the API server.
const MOST_CLIENTS: usize = 10;

/// The pods whose proxies are read; `None` without permission.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    gateway: Option<Vec<PodFacts>>,
    clients: Option<Vec<PodFacts>>,
    /// Which proxies are not read, one sentence each.
    pub(super) notes: Vec<String>,
}

impl Sight {
    /// Asks the API server which proxies we may read.
    pub(super) async fn find(
        cluster: &Cluster,
        gateway: Option<&GatewayFacts>,
        callers: &[String],
        snapshot: &Snapshot,
    ) -> Result<Self, ClusterError> {
        let gateway_namespace = gateway.map(|gateway| gateway.name.namespace.clone());
        let namespaces: Vec<String> = gateway_namespace.iter().chain(callers).cloned().collect();
        let rights: Vec<Right> = namespaces.iter().flat_map(|namespace| look::rights(namespace)).collect();
        let allowed = cluster.may(&rights).await?;
        let may = |namespace: &String| {
            let there = |right: &Right| right.namespace.as_ref() == Some(namespace);
            rights.iter().zip(&allowed).all(|(right, allowed)| *allowed || !there(right))
        };
        let mut notes = Vec::new();
        let gateway_pods = match gateway {
            Some(gateway) if !gateway.assumed && may(&gateway.name.namespace) => {
                Some(gateway.ready_pods().cloned().collect())
            }
            _ => {
                let name =
                    gateway.map_or_else(|| "the gateway".to_owned(), |gateway| gateway.name.to_string());
                notes.push(format!("no permission to read the pods of {name}: no proof from the gateway"));
                None
            }
        };
        let hidden: Vec<&str> =
            callers.iter().filter(|namespace| !may(namespace)).map(String::as_str).collect();
        let clients = if hidden.is_empty() {
            Some(sample(clients_of(callers, snapshot), &mut notes))
        } else {
            notes.push(format!(
                "no permission to read pods in {}: no proof from the callers",
                hidden.join(", ")
            ));
            None
        };
        Ok(Sight { gateway: gateway_pods, clients, notes })
    }

    /// The pods of one side; `None` without permission to read them.
    pub(super) fn pods(&self, side: Side) -> Option<&[PodFacts]> {
        match side {
            Side::Gateway => self.gateway.as_deref(),
            Side::Clients => self.clients.as_deref(),
        }
    }

    /// How much a finished run has proven.
    pub(super) fn proven(&self) -> Proven {
        match (&self.gateway, &self.clients) {
            (Some(_), Some(_)) => Proven::Full,
            (None, Some(_)) => Proven::ClientsOnly,
            _ => Proven::None,
        }
    }

    /// Whether we may read both sides.
    pub(super) fn is_full(&self) -> bool {
        self.gateway.is_some() && self.clients.is_some()
    }
}

fn clients_of(callers: &[String], snapshot: &Snapshot) -> Vec<PodFacts> {
    let clients =
        snapshot.pods.iter().filter(|pod| pod.has_sidecar && pod.ready && callers.contains(&pod.namespace));
    clients.cloned().collect()
}

/// Evenly over the list, so that a sample is not all of one Deployment.
fn sample(clients: Vec<PodFacts>, notes: &mut Vec<String>) -> Vec<PodFacts> {
    let count = clients.len();
    if count <= MOST_CLIENTS {
        return clients;
    }
    notes.push(format!("proof from {MOST_CLIENTS} of {count} caller pods"));
    let step = count.div_ceil(MOST_CLIENTS);
    clients.into_iter().step_by(step).collect()
}
