//! EG048: at most one TLS server per gateway port has host *.

use egress_core::input::Input;
use egress_core::istio::server::selects;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Level};
use crate::rules::check::{Check, PathSegment, Run};
use crate::rules::from_gateway::dropped_servers::findings;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(48),
    name: "at most one TLS server per gateway port has host *",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::Gateways, Input::GatewayObjects, Input::VirtualServices, Input::DestinationRules],
    beside_the_walk: "A call is followed to the server that istiod keeps. This check warns of a second server of all hosts \
                      before a route uses it.",
    docs: "\
## What it checks
The TLS servers of all Gateway objects that select the gateway's pods: on one port only one of them has the host `*`.
`*/*` is the same as `*`.

## Why it matters
Of two such servers istiod keeps the older and drops the whole other server, whatever their modes are. It only logs
`skipping server on gateway …, duplicate host names: [*]` (`mergeGateways` in `pilot/pkg/model/gateway.go`). Routes
that are bound only to the younger one's Gateway object have no effect: their calls end at the gateway.

## How to fix
Bind the routes to the Gateway object whose server istiod keeps, if both servers do the same. Otherwise give the
second server a port of its own. Delete it if nothing uses it.
",
    run: Run::Gateway(run),
};

fn run(view: &View<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let findings = findings(&CHECK, view, gateway, |host| host == "*");
    if findings.is_empty() {
        let mut objects = view.gateway_objects();
        let has_servers = objects.any(|object| selects(object, gateway));
        let good = if has_servers { CheckOutcome::Good(None) } else { CheckOutcome::NotApplicable };
        return view.sees(None).map_or_else(CheckOutcome::Unreadable, |()| good);
    }
    CheckOutcome::Bad(findings)
}
