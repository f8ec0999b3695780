//! EG032: the hop to the gateway satisfies the mesh's mTLS mode.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::port::Protocol;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::istio::listeners::{Expects, Server};
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::auto_mtls::{LABEL, MtlsMode, MtlsRequirement, can_be_offered, demand};
use crate::traffic::gateway_connections::{GatewayConnection, gateway_connections};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(32),
    name: "the hop to the gateway satisfies the mesh's mTLS mode",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[
        Input::Mesh,
        Input::VirtualServices,
        Input::DestinationRules,
        Input::GatewayObjects,
        Input::PeerAuthentications,
    ],
    beside_the_walk: "A followed call shows which TLS is used, not which one the mesh demands of it.",
    docs: "\
## What it checks
If no DestinationRule sets TLS for calls to the gateway, auto mTLS decides. It reads the label
`security.istio.io/tlsMode` of the gateway's pods and their PeerAuthentication. The result must match the mode of the
Gateway server. And if a PeerAuthentication of the gateway's namespace sets `STRICT`, HTTP must not reach the gateway
in plaintext. EG055 checks the DestinationRules.

## Why it matters
A PeerAuthentication does not change a gateway's listeners; its servers do. So `STRICT` protects nothing there, but
`DISABLE` removes mTLS that a server may need. If the gateway's pods carry the label of sidecars, callers use mTLS
even if the server expects plaintext: 503. See `buildUpstreamTLSSettings` in
`pilot/pkg/networking/core/cluster_tls.go`.

## How to fix
Set the TLS mode for the gateway in a DestinationRule, and let the server terminate mesh mTLS.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let policies = match view.peer_authentications() {
        Ok(found) => found,
        Err(outcome) => return outcome,
    };
    let root = &view.mesh().root_namespace;
    let automatic = can_be_offered(view, gateway);
    let mut told = BTreeSet::new();
    let mut findings = Vec::new();
    for call in gateway_connections(view, path, gateway) {
        let Some(listener) = call.listeners.at(call.listens_on) else { continue };
        let [(expects, server)] = listener.servers.iter().collect::<Vec<_>>()[..] else { continue };
        if !told.insert((call.caller.clone(), call.route.subset, call.port)) {
            continue;
        }
        let demand = demand(policies, root, gateway, call.listens_on);
        let disabled = demand.as_ref().filter(|demand| demand.mode == MtlsMode::Disable);
        let is_alone = listener.count == 1 && server.hosts().count() == 1;
        let context = CheckedConnection { view, path, gateway, call: &call, server, is_alone };
        match (expects, disabled) {
            (Expects::MeshMtls, Some(demand)) if automatic && call.tls.is_none() => {
                findings.push(context.taken_away(demand));
            }
            (Expects::Plaintext | Expects::Passthrough, None) if automatic && call.tls.is_none() => {
                findings.push(context.not_expected());
            }
            (Expects::Plaintext, None) => findings.extend(
                demand
                    .filter(|demand| is_for_gateway(demand, root))
                    .and_then(|demand| context.unprotected(&demand)),
            ),
            _ => {}
        }
    }
    CheckOutcome::of(told.len(), findings)
}

/// Whether a requirement is meant for the gateway, and not for the whole mesh.
fn is_for_gateway(demand: &MtlsRequirement<'_>, root: &str) -> bool {
    demand.mode == MtlsMode::Strict && (demand.by.spec.selector.is_some() || demand.by.namespace != root)
}

struct CheckedConnection<'a, 'b> {
    view: &'b View<'a>,
    path: &'b EgressPath<'b>,
    gateway: &'b GatewayFacts,
    call: &'b GatewayConnection<'a>,
    server: &'b Server<'a>,
    /// No other host or server is at its port.
    is_alone: bool,
}

impl CheckedConnection<'_, '_> {
    fn finding(&self, object: Place, message: String, evidence: Vec<String>) -> Finding {
        let (caller, host) = (&self.call.caller, &self.path.host);
        Finding {
            code: CHECK.code,
            confidence: Confidence::Certain,
            level: CHECK.level,
            message,
            object,
            evidence,
            consequence: match self.call.route.protocol {
                Protocol::Http => format!("HTTP calls from {caller} to {host} fail with 503"),
                Protocol::Tls => format!("TLS calls from {caller} to {host} are reset"),
            },
            fix: fixes::speak_mesh_mtls(
                self.view,
                self.gateway,
                (self.call, self.server),
                host,
                "sets the mode in the gateway's DestinationRule, so that no other object decides",
            ),
        }
    }

    fn server_is(&self) -> String {
        let protocol = &self.server.spec.port.protocol;
        format!("{}: {} has protocol {protocol}", self.server.object.id, self.server.field())
    }

    fn taken_away(&self, demand: &MtlsRequirement<'_>) -> Finding {
        self.finding(
            place(demand, "DISABLE"),
            format!("callers of {} send plaintext to the gateway, which expects mesh mTLS", self.call.caller),
            vec![self.server_is()],
        )
    }

    fn not_expected(&self) -> Finding {
        let pod = self.gateway.pods.first();
        let name = pod.map_or(self.gateway.name.service.as_str(), |pod| pod.name.as_str());
        let object = Place::new("Pod", Some(&self.gateway.name.namespace), name);
        let finding = self.finding(
            object.field(format!("metadata.labels['{LABEL}']"), "istio"),
            format!(
                "auto mTLS makes callers of {} send mTLS to the gateway, which does not expect it",
                self.call.caller
            ),
            vec![self.server_is(), "no DestinationRule sets TLS for calls to it".to_owned()],
        );
        let why = "turns mTLS off for this port in the gateway's DestinationRule";
        Finding { fix: fixes::speak_plaintext(self.view, self.gateway, self.call, why), ..finding }
    }

    fn both_sides(&self, why: &str) -> Fix {
        let sides = (self.call, self.server);
        let client = fixes::speak_mesh_mtls(self.view, self.gateway, sides, &self.path.host, why);
        let why = format!("{why}; calls fail between the two changes");
        fixes::one_after_the_other(fixes::end_mesh_mtls(self.server, &why), [client], &why)
    }

    fn unprotected(&self, demand: &MtlsRequirement<'_>) -> Option<Finding> {
        if self.call.route.protocol != Protocol::Http || self.call.has_identity() {
            return None;
        }
        let (caller, host) = (&self.call.caller, &self.path.host);
        let why = "sends HTTP to the gateway in mesh mTLS";
        Some(Finding {
            level: Level::Warning,
            consequence: format!("HTTP calls from {caller} to {host} travel to the gateway in plaintext"),
            fix: match self.path.record() {
                Some(_) => fixes::add_for(host, self.path.namespace.as_deref(), why),
                // Both sides are changed where they are: to write the egress again would lose what else its objects do,
                // such as another name of the host.
                None if self.is_alone => self.both_sides(why),
                None => fixes::put_right(self.view, self.path, self.gateway, why),
            },
            ..self.finding(
                place(demand, "STRICT"),
                "PeerAuthentication requires STRICT at the gateway, but HTTP reaches it in plaintext"
                    .to_owned(),
                vec![self.server_is(), "a PeerAuthentication does not change a gateway's servers".to_owned()],
            )
        })
    }
}

fn place(demand: &MtlsRequirement<'_>, mode: &str) -> Place {
    Place::new("PeerAuthentication", Some(&demand.by.namespace), &demand.by.name)
        .field(demand.field.clone(), mode)
}
