//! EG002: the gateway's Service has ports 80 and 443.
//!
//! Both are what this program's layouts use. A gateway that only others' objects use needs the ports that these lead to.

use std::collections::BTreeSet;

use egress_core::dialect::{HTTP_HOP, TLS_HOP};
use egress_core::input::Input;
use egress_core::inventory::Egress;
use egress_core::port::Protocol;
use egress_core::resource::Resource;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::destinations::destinations;
use serde_json::json;

use crate::finding::{Alteration, CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::routes::selects;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(2),
    name: "the gateway's Service has ports 80 and 443",
    level: Level::Error,
    segment: PathSegment::Gateway,
    inputs: &[Input::Gateways, Input::VirtualServices],
    beside_the_walk: "A followed call shows a missing port only where a route uses it. This check also warns before the \
                      first one does.",
    docs: "\
## What it checks
The gateway's Service has port 80 for HTTP and port 443 for TLS, and each leads to a port of the pods.

## Why it matters
A route to a missing Service port fails with 503. It is an error if `add` wrote an egress that uses the port, or a
route of others leads to it, and a warning if nothing uses the gateway yet. A gateway that others use for one
protocol only needs no other port.

## How to fix
Add the port to the Service, with the target port that the gateway listens on: 8080 and 8443 in Istio's charts.
",
    run: Run::Gateway(run),
};

fn run(view: &View<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    if gateway.assumed {
        let why = view.unreadable(Input::Services);
        return CheckOutcome::Unreadable(why.unwrap_or_else(|| "the gateway could not be read".to_owned()));
    }
    let lacking = [(Protocol::Http, "http2", HTTP_HOP, 8080), (Protocol::Tls, "https", TLS_HOP, 8443)]
        .into_iter()
        .filter(|(_, _, number, _)| gateway.port(*number).is_none_or(|port| port.target.is_none()));
    let users = Users::of(view, gateway);
    // A gateway of the Gateway API has the ports of its listeners, and is followed by calls.
    if users.ports.is_empty()
        && users.protocols.is_empty()
        && view.made().objects().iter().any(|object| selects(object, gateway))
    {
        return CheckOutcome::NotApplicable;
    }
    let missed = lacking.filter_map(|(protocol, port, number, target)| {
        Some((protocol, port, number, target, users.level(protocol, number)?))
    });
    let ports: Vec<String> = gateway.ports.iter().map(|port| port.number.to_string()).collect();
    let name = &gateway.name;
    let findings = missed.map(|(protocol, port, number, target, level)| Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level,
        message: format!("the Service has no usable port {number}"),
        object: Place::new("Service", Some(&name.namespace), &name.service)
            .field("spec.ports", ports.join(", ")),
        evidence: match gateway.port(number) {
            Some(_) => vec![format!("targetPort of port {number} names no container port")],
            None => Vec::new(),
        },
        consequence: match protocol {
            Protocol::Http => "HTTP calls through this gateway get 503".to_owned(),
            Protocol::Tls => "TLS calls through this gateway are reset".to_owned(),
        },
        fix: {
            let entry = json!({ "name": port, "port": number, "targetPort": target });
            let patch = Alteration::StrategicPatch(json!({ "spec": { "ports": [entry] } }));
            let service = ("service", name.service.as_str(), name.namespace.as_str());
            fixes::changed(service, patch, "sets the port as Istio's charts do")
        },
    });
    CheckOutcome::of(1, findings.collect())
}

/// What uses a gateway.
struct Users {
    /// What is spoken in egresses of this program.
    protocols: BTreeSet<Protocol>,
    /// The ports that routes lead to.
    ports: BTreeSet<i64>,
    /// Neither an egress nor a route leads to it.
    none: bool,
}

impl Users {
    fn of(view: &View<'_>, gateway: &GatewayFacts) -> Self {
        let here = || view.egresses().iter().filter(|egress| egress.gateway.as_ref() == Some(&gateway.name));
        let records = here().filter_map(Egress::readable_record);
        let protocols =
            records.flat_map(|record| record.intent.ports.iter().map(|port| port.protocol)).collect();
        let service = view.service_host(gateway);
        let routes = || {
            let specs = view.all_virtual_services().filter_map(Resource::virtual_service);
            specs.flat_map(destinations).filter(|to| to.host.eq_ignore_ascii_case(&service))
        };
        let none = here().next().is_none() && routes().next().is_none();
        Users { protocols, ports: routes().filter_map(|to| to.port).collect(), none }
    }

    /// How bad it is that a port is missing; none if it is not.
    fn level(&self, protocol: Protocol, number: u16) -> Option<Level> {
        if self.protocols.contains(&protocol) || self.ports.contains(&i64::from(number)) {
            return Some(Level::Error);
        }
        self.none.then_some(Level::Warning)
    }
}
