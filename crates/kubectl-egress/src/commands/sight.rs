//! Which proxies we may read, and which of them are read.
//!
//! Port-forward to a gateway is a strong right that application developers rarely have. What may not be looked at is
//! said before the first write.

use std::collections::BTreeSet;

use egress_cluster::access::Right;
use egress_cluster::{Cluster, ClusterError, envoy};
use egress_core::proof::Side;
use egress_core::snapshot::{GatewayFacts, PodFacts, Snapshot};

/// More clients than these are sampled: each look is a connection through the API server.
const MOST_CLIENTS: usize = 10;

/// The pods whose proxies are read; `None` without permission.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    gateway: Option<Pods>,
    clients: Option<Pods>,
    /// Which proxies are not read, one sentence each.
    pub(super) notes: Vec<String>,
}

/// The pods of one side.
#[derive(Clone, Debug, Default)]
pub(super) struct Pods {
    /// Those that are read.
    pub(super) read: Vec<PodFacts>,
    /// How many there are.
    pub(super) total: usize,
}

/// The namespaces whose proxies we may read.
#[derive(Clone, Debug, Default)]
pub(super) struct Readable(BTreeSet<String>);

impl Readable {
    /// Asks the API server about all namespaces of a command at once: many hosts have the same few.
    pub(super) async fn ask(
        cluster: &Cluster,
        namespaces: impl IntoIterator<Item = String>,
    ) -> Result<Self, ClusterError> {
        let namespaces: BTreeSet<String> = namespaces.into_iter().collect();
        let rights: Vec<Right> = namespaces.iter().flat_map(|namespace| envoy::rights(namespace)).collect();
        let allowed = cluster.can_i(&rights).await?;
        let refused: BTreeSet<&str> = rights
            .iter()
            .zip(allowed)
            .filter(|(_, allowed)| !allowed)
            .filter_map(|(right, _)| right.namespace.as_deref())
            .collect();
        Ok(Readable(
            namespaces.iter().filter(|namespace| !refused.contains(namespace.as_str())).cloned().collect(),
        ))
    }
}

impl Sight {
    /// The namespaces that must be asked about for one host.
    pub(super) fn namespaces(gateway: Option<&GatewayFacts>, callers: &[String]) -> Vec<String> {
        gateway.map(|gateway| &gateway.name.namespace).into_iter().chain(callers).cloned().collect()
    }

    /// The proxies of one host that we may read.
    pub(super) fn of(
        readable: &Readable,
        gateway: Option<&GatewayFacts>,
        callers: &[String],
        snapshot: &Snapshot,
    ) -> Self {
        let may = |namespace: &String| readable.0.contains(namespace);
        let mut notes = Vec::new();
        let gateway_pods = match gateway {
            Some(gateway) if !gateway.assumed && may(&gateway.name.namespace) => {
                Some(Pods::all(gateway.ready_pods().cloned().collect()))
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
        Sight { gateway: gateway_pods, clients, notes }
    }

    /// The pods of one side; `None` without permission to read them.
    pub(super) fn pods(&self, side: Side) -> Option<&Pods> {
        match side {
            Side::Gateway => self.gateway.as_ref(),
            Side::Clients => self.clients.as_ref(),
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

impl Pods {
    fn all(read: Vec<PodFacts>) -> Self {
        Pods { total: read.len(), read }
    }
}

/// Evenly over the list, so that a sample is not all of one Deployment.
fn sample(clients: Vec<PodFacts>, notes: &mut Vec<String>) -> Pods {
    let total = clients.len();
    if total <= MOST_CLIENTS {
        return Pods::all(clients);
    }
    let step = total.div_ceil(MOST_CLIENTS);
    let read: Vec<PodFacts> = clients.into_iter().step_by(step).collect();
    notes.push(format!("proof from {} of {total} caller pods", read.len()));
    Pods { read, total }
}

#[cfg(test)]
mod tests {
    use egress_core::snapshot::GatewayFacts;

    use super::*;

    /// Of the kind: what a command asks the API server does not grow with its hosts.
    #[test]
    fn ten_thousand_hosts_ask_about_the_same_two_namespaces() {
        let gateway = GatewayFacts::stock();
        let callers = ["shop".to_owned()];
        let asked = (0..10_000).flat_map(|_| Sight::namespaces(Some(&gateway), &callers));
        assert_eq!(asked.collect::<BTreeSet<String>>().len(), 2);
    }

    #[test]
    fn a_side_that_may_not_be_read_is_said_and_proves_nothing() {
        let gateway = GatewayFacts { assumed: false, ..GatewayFacts::stock() };
        let callers = ["shop".to_owned()];
        let sight = |namespaces: &[&str]| {
            let readable = Readable(namespaces.iter().map(|name| (*name).to_owned()).collect());
            Sight::of(&readable, Some(&gateway), &callers, &Snapshot::default())
        };
        assert!(sight(&["istio-system", "shop"]).is_full());
        assert!(!sight(&["shop"]).is_full());
        assert_eq!(sight(&["istio-system"]).notes.len(), 1);
    }

    #[test]
    fn of_many_callers_some_are_read_and_all_are_counted() {
        for (count, read) in [(0, 0), (10, 10), (11, 6), (25, 9), (1000, 10)] {
            let mut notes = Vec::new();
            let pods = sample(vec![PodFacts::default(); count], &mut notes);
            assert_eq!((pods.total, pods.read.len()), (count, read));
            let said = (read < count).then(|| format!("proof from {read} of {count} caller pods"));
            assert_eq!(notes, said.into_iter().collect::<Vec<_>>());
        }
    }
}
