//! The endpoints layout: the callers' entry has the gateway as its endpoint, so that no object leads outside of the mesh by
//! itself.
//!
//! The gateway's side is that of the shared layout. The callers have no VirtualService: whatever order the objects come and
//! go in, a call reaches the gateway or fails, and never leaves directly. The endpoint is the name of the gateway's Service,
//! which sidecars look up, so that no rights in the gateway's namespace are needed.

use egress_istio::destination_rule::{
    DestinationRuleSpec, DestinationRuleTrafficPolicy, DestinationRuleTrafficPolicyPortLevelSettings,
    DestinationRuleTrafficPolicyPortLevelSettingsPort, DestinationRuleTrafficPolicyPortLevelSettingsTls,
    DestinationRuleTrafficPolicyPortLevelSettingsTlsMode,
};
use egress_istio::service_entry::{ServiceEntryEndpoints, ServiceEntryLocation};

use super::description::{Dialect, Down, Phase, Rename, Subset, Up, Upstream};
use super::part::Part;
use super::refusal::Refusal;
use super::rules::{HTTP_HOP, TLS_HOP, service_entry};
use super::shared;
use crate::intent::{GatewayTls, Intent, Layout};
use crate::metadata::Record;
use crate::port::{Port, Protocol};
use crate::proof::Side;
use crate::resource::Spec;
use crate::role::Role;
use crate::snapshot::{GatewayFacts, MeshFacts};

/// The endpoints layout.
pub(crate) const DIALECT: Dialect = Dialect {
    layout: Layout::Endpoints,
    word: "endpoints",
    phases: &[
        Phase::whole(Role::SharedGateway, Up::Stored, Down::Stored),
        Phase::whole(Role::Upstream, Up::Stored, Down::Stored),
        Phase::whole(Role::DestinationRule, Up::Stored, Down::Stored),
        Phase::whole(
            Role::GatewayLeg,
            Up::Routes { side: Side::Gateway, of: Role::GatewayLeg, where_listening: false },
            Down::RoutesGone { side: Side::Gateway, of: Role::GatewayLeg },
        ),
        Phase::whole(Role::Client, Up::LeadsToGateway, Down::EntryGone),
    ],
    record: Role::Upstream,
    upstream_entry: Role::Upstream,
    upstream: Upstream::OwnName,
    gateway_routes: Role::GatewayLeg,
    subset: Subset::None,
    rename: Rename::Beside,
    accept,
    objects,
    first_stage: |_, _| {},
};

/// The shared Gateway terminates mesh mTLS on its HTTP port.
fn accept(hop: GatewayTls, _: &[String]) -> Result<(), Refusal> {
    if hop == GatewayTls::Plain {
        Err(Refusal::PlainNeedsDocumented { layout: Layout::Endpoints })
    } else {
        Ok(())
    }
}

fn objects(record: &Record, gateway: &GatewayFacts, mesh: &MeshFacts) -> Vec<Part> {
    let intent = &record.intent;
    let service = intent.gateway.service_host(&mesh.cluster_domain);
    let of_gateway =
        |part: &Part| matches!(part.role, Role::SharedGateway | Role::Upstream | Role::GatewayLeg);
    let mut parts = shared::objects(record, gateway, mesh);
    parts.retain(of_gateway);
    let rule = Part::of_host(record, Role::DestinationRule, Spec::DestinationRule(Box::new(hop(intent))));
    parts.insert(parts.len().saturating_sub(1), rule);
    parts.push(Part::of_host(record, Role::Client, client_entry(intent, service)));
    parts
}

/// How sidecars speak to the gateway: HTTP inside mesh mTLS, TLS of the application as it is. The rule is looked for by the
/// host, in the namespace of the entry too, so that callers of other namespaces find it.
fn hop(intent: &Intent) -> DestinationRuleSpec {
    let settings = |port: &Port| {
        let mode = match port.protocol {
            Protocol::Http => DestinationRuleTrafficPolicyPortLevelSettingsTlsMode::IstioMutual,
            Protocol::Tls => DestinationRuleTrafficPolicyPortLevelSettingsTlsMode::Disable,
        };
        DestinationRuleTrafficPolicyPortLevelSettings {
            port: Some(DestinationRuleTrafficPolicyPortLevelSettingsPort {
                number: Some(port.number.into()),
            }),
            tls: Some(Box::new(DestinationRuleTrafficPolicyPortLevelSettingsTls {
                mode: Some(mode),
                ..Default::default()
            })),
            ..Default::default()
        }
    };
    let policy = DestinationRuleTrafficPolicy {
        port_level_settings: Some(intent.ports.iter().map(settings).collect()),
        ..Default::default()
    };
    DestinationRuleSpec {
        host: intent.host.to_string(),
        export_to: Some(intent.export_to.clone()),
        traffic_policy: Some(Box::new(policy)),
        ..Default::default()
    }
}

fn client_entry(intent: &Intent, service: String) -> Spec {
    let mut entry = service_entry(intent.host.to_string(), intent.export_to.clone(), intent);
    for port in entry.ports.iter_mut().flatten() {
        let hop = i64::from(if port.protocol.as_deref() == Some("HTTP") { HTTP_HOP } else { TLS_HOP });
        port.target_port = (port.number != hop).then_some(hop);
    }
    entry.location = Some(ServiceEntryLocation::MeshInternal);
    entry.endpoints = Some(vec![ServiceEntryEndpoints { address: Some(service), ..Default::default() }]);
    Spec::ServiceEntry(entry)
}
