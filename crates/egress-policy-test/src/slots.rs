//! The objects that a policy is asked to name for a request, with their default names.
//!
//! A case has no cluster, so the objects are those that `add` makes for the stock gateway. Knows how cases refer to them.

use egress_core::snapshot::GatewayFacts;
use egress_policy::request::{Request, Slot};
use egress_policy::slots::{self, SUBSET};

/// One slot for each object: those of the gateway, then host by host.
pub fn slots(request: &Request) -> Vec<Slot> {
    slots::of_request(request, &GatewayFacts::stock())
}

/// How a case refers to a slot, if only one host has this role.
pub fn word(slot: &Slot) -> &str {
    if slot.kind == SUBSET { "subset" } else { &slot.role }
}

/// Whether a case refers to this slot: by its role, or by `HOST/ROLE` if several hosts have this role.
pub fn is_called(slot: &Slot, called: &str) -> bool {
    match called.split_once('/') {
        Some((host, role)) => slot.host.as_deref() == Some(host) && word(slot) == role,
        None => word(slot) == called,
    }
}

#[cfg(test)]
mod tests {
    use egress_core::dialect;
    use egress_core::host::DnsName;
    use egress_core::intent::{GatewayTls, Intent, Layout};
    use egress_core::metadata::Record;
    use egress_core::names::ChosenNames;
    use egress_core::port::Port;
    use egress_core::snapshot::MeshFacts;
    use egress_policy::request_builder::{self, Facts, RequestedEgress};
    use egress_policy::slots;

    use super::*;

    /// All layouts, hops and kinds of ports. If `add` refuses a request, it asks for no names.
    #[test]
    fn a_policy_is_tested_with_the_objects_that_add_would_ask_it_to_name() {
        let stock = GatewayFacts::stock();
        let other = Port { number: 8443, ..Port::TLS };
        let ports = [vec![Port::HTTP], vec![Port::TLS], vec![Port::HTTP, Port::TLS], vec![Port::TLS, other]];
        let every = Layout::ALL
            .into_iter()
            .flat_map(|layout| [(layout, GatewayTls::Mtls), (layout, GatewayTls::Plain)]);
        // A request does not say which hop it was if only TLS was asked for.
        let accepted =
            every.filter(|(layout, hop)| (layout.dialect().accept)(*hop, &[".".to_owned()]).is_ok());
        for (layout, hop) in accepted {
            for (ports, export_to) in ports.iter().flat_map(|ports| [(ports, "."), (ports, "*")]) {
                let intent = Intent {
                    host: DnsName::parse("r3---sn.example.com").unwrap(),
                    ports: ports.iter().copied().collect(),
                    namespace: "shop".to_owned(),
                    gateway: stock.name.clone(),
                    layout,
                    hop,
                    export_to: vec![export_to.to_owned()],
                    reason: None,
                };
                let request =
                    request_builder::request("add", &RequestedEgress::of(&intent), &Facts::default());
                let record = Record { intent, names: ChosenNames::default(), added_at: None, added_by: None };
                let written = dialect::build(&record, &stock, &MeshFacts::default()).unwrap_or_default();
                let asked = if written.is_empty() { Vec::new() } else { slots::slots(&record, &written) };
                assert_eq!(super::slots(&request), asked, "{layout} {hop} {ports:?} {export_to}");
            }
        }
    }
}
