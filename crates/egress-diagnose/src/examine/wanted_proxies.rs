//! Which Envoys a diagnosis needs. Does not know how to read them.

use std::collections::BTreeSet;

use egress_core::index::Index;
use egress_core::snapshot::{GatewayFacts, PodFacts, Snapshot};

use crate::facts::{Request, client_of};
use crate::path::{gateways_in_question, paths};

/// The pods whose Envoys a diagnosis needs: every ready pod of the relevant gateways, and one ready client of each
/// caller namespace.
pub fn wanted_proxies<'a>(snapshot: &'a Snapshot, request: &Request) -> Vec<&'a PodFacts> {
    let egresses = egress_core::inventory::egresses(snapshot);
    let paths = paths(snapshot, &Index::of(snapshot), &egresses, request);
    let callers: BTreeSet<&str> = paths.iter().flat_map(|path| &path.callers).map(String::as_str).collect();
    let gateway_pods = gateways_in_question(&snapshot.gateways, &paths, request)
        .into_iter()
        .flat_map(GatewayFacts::ready_pods);
    let clients =
        callers.into_iter().filter_map(|namespace| client_of(snapshot, namespace, request.client.as_ref()));
    gateway_pods.chain(clients).collect()
}
