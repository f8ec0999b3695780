//! Which proxies may be read, and which of them are.
//!
//! Port-forward to a gateway is a strong right that application developers rarely have. What may not be read is said before
//! the first write. Knows which namespaces may be read, and not how that was found out.

use std::collections::BTreeSet;

use crate::proof::Side;
use crate::snapshot::{GatewayFacts, PodFacts, Snapshot};

/// More clients than these are sampled: each look is a connection through the API server.
const MOST_CLIENTS: usize = 10;

/// The pods whose proxies are read; `None` without permission.
#[derive(Clone, Debug)]
pub struct ProxyAccess {
    gateway: Option<Pods>,
    clients: Option<Pods>,
    /// Which proxies are not read, one sentence each.
    pub notes: Vec<String>,
}

/// The pods of one side.
#[derive(Clone, Debug, Default)]
pub struct Pods {
    /// Those that are read.
    pub read: Vec<PodFacts>,
    /// How many there are.
    pub total: usize,
}

impl ProxyAccess {
    /// The namespaces that must be asked about for one host.
    pub fn namespaces(gateway: Option<&GatewayFacts>, callers: &[String]) -> Vec<String> {
        gateway.map(|gateway| &gateway.name.namespace).into_iter().chain(callers).cloned().collect()
    }

    /// The proxies of one host that we may read.
    pub fn of(
        readable: &BTreeSet<String>,
        gateway: Option<&GatewayFacts>,
        callers: &[String],
        snapshot: &Snapshot,
    ) -> Self {
        let may = |namespace: &String| readable.contains(namespace);
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
        ProxyAccess { gateway: gateway_pods, clients, notes }
    }

    /// The pods of one side; `None` without permission to read them.
    pub fn pods(&self, side: Side) -> Option<&Pods> {
        match side {
            Side::Gateway => self.gateway.as_ref(),
            Side::Clients => self.clients.as_ref(),
        }
    }

    /// Whether we may read both sides.
    pub fn is_full(&self) -> bool {
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
    use crate::snapshot::GatewayFacts;

    use super::*;

    /// Of the kind: what a command asks the API server does not grow with its hosts.
    #[test]
    fn ten_thousand_hosts_ask_about_the_same_two_namespaces() {
        let gateway = GatewayFacts::stock();
        let callers = ["shop".to_owned()];
        let asked = (0..10_000).flat_map(|_| ProxyAccess::namespaces(Some(&gateway), &callers));
        assert_eq!(asked.collect::<BTreeSet<String>>().len(), 2);
    }

    #[test]
    fn a_side_that_may_not_be_read_is_said_and_proves_nothing() {
        let gateway = GatewayFacts { assumed: false, ..GatewayFacts::stock() };
        let callers = ["shop".to_owned()];
        let access = |namespaces: &[&str]| {
            let readable = namespaces.iter().map(|name| (*name).to_owned()).collect();
            ProxyAccess::of(&readable, Some(&gateway), &callers, &Snapshot::default())
        };
        assert!(access(&["istio-system", "shop"]).is_full());
        assert!(!access(&["shop"]).is_full());
        assert_eq!(access(&["istio-system"]).notes.len(), 1);
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
