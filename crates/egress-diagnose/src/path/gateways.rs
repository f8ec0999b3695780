//! The gateways that a request is about.

use std::collections::BTreeSet;

use egress_core::intent::GatewayName;
use egress_core::snapshot::GatewayFacts;

use super::EgressPath;
use crate::facts::Request;

/// The gateways of the hosts; every gateway if no host was requested, or none has a gateway.
pub(crate) fn gateways_in_question<'a>(
    all: &'a [GatewayFacts],
    paths: &[EgressPath<'_>],
    request: &Request,
) -> Vec<&'a GatewayFacts> {
    let names: BTreeSet<&GatewayName> =
        paths.iter().filter_map(|path| path.gateway).map(|gateway| &gateway.name).collect();
    let used = |gateway: &GatewayFacts| names.contains(&gateway.name);
    let everything = request.hosts.is_empty() || !all.iter().any(used);
    all.iter().filter(|gateway| everything || used(gateway)).collect()
}
