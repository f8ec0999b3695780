//! The shared layout: one static pair per gateway, four create-only objects per host.
//!
//! The host has an upstream entry of its own at the gateway, so that no other ServiceEntry of the host, in whatever
//! namespace, can change where the gateway sends. Two VirtualServices instead of one: every step is a create or a
//! delete, and sidecars never receive the gateway's clusters.

use egress_istio::destination_rule::{
    DestinationRuleSpec, DestinationRuleSubsets, DestinationRuleSubsetsTrafficPolicy,
    DestinationRuleSubsetsTrafficPolicyPortLevelSettings,
    DestinationRuleSubsetsTrafficPolicyPortLevelSettingsPort,
    DestinationRuleSubsetsTrafficPolicyPortLevelSettingsTls,
    DestinationRuleSubsetsTrafficPolicyPortLevelSettingsTlsMode,
};
use egress_istio::gateway::{
    GatewayServers, GatewayServersPort, GatewayServersTls, GatewayServersTlsMode, GatewaySpec,
};
use egress_istio::service_entry::{ServiceEntryEndpoints, ServiceEntryLocation};
use egress_istio::virtual_service::VirtualServiceSpec;

use super::description::{Dialect, Down, Phase, Rename, Subset, Up, Upstream};
use super::part::Part;
use super::refusal::Refusal;
use super::rules::{HTTP_HOP, RuleTemplate, TLS_HOP, service_entry};
use crate::intent::{GatewayTls, Intent, Layout};
use crate::metadata::{self, Record};
use crate::names;
use crate::proof::Side;
use crate::resource::{ObjectId, Resource, Spec};
use crate::role::Role;
use crate::snapshot::{GatewayFacts, MeshFacts};

/// The subset of the gateway Service that speaks mesh mTLS.
pub const SUBSET: &str = "mesh";

/// The shared layout.
pub(crate) const DIALECT: Dialect = Dialect {
    layout: Layout::Shared,
    word: "shared",
    phases: &[
        Phase::whole(Role::SharedGateway, Up::Stored, Down::Stored),
        Phase::whole(Role::SharedDestinationRule, Up::SubsetKnown, Down::Stored),
        Phase::whole(Role::Upstream, Up::Stored, Down::Stored),
        Phase::whole(
            Role::GatewayLeg,
            Up::Routes { side: Side::Gateway, of: Role::GatewayLeg, where_listening: false },
            Down::RoutesGone { side: Side::Gateway, of: Role::GatewayLeg },
        ),
        Phase::whole(
            Role::MeshLeg,
            Up::Routes { side: Side::Clients, of: Role::MeshLeg, where_listening: true },
            Down::RoutesGone { side: Side::Clients, of: Role::MeshLeg },
        ),
        Phase::whole(
            Role::Client,
            Up::Routes { side: Side::Clients, of: Role::MeshLeg, where_listening: false },
            Down::Forgotten { of: Role::MeshLeg },
        ),
    ],
    record: Role::Upstream,
    upstream_entry: Role::Upstream,
    upstream: Upstream::OwnName,
    gateway_routes: Role::GatewayLeg,
    subset: Subset::OfGateway(SUBSET),
    rename: Rename::Beside,
    accept,
    objects,
    first_stage: |_, _| {},
};

/// The server name by which sidecars ask for the pair's HTTP server: what istiod calls the subset's cluster there.
/// `BuildDNSSrvSubsetKey` in `pilot/pkg/model/service.go`.
pub fn hop_name(service: &str) -> String {
    format!("outbound_.{HTTP_HOP}_.{SUBSET}_.{service}")
}

/// The shared Gateway terminates mesh mTLS on its HTTP port.
fn accept(hop: GatewayTls, _: &[String]) -> Result<(), Refusal> {
    if hop == GatewayTls::Plain {
        Err(Refusal::PlainNeedsDocumented { layout: Layout::Shared })
    } else {
        Ok(())
    }
}

/// The pair and the four objects of a host, in the order of writing.
pub(super) fn objects(record: &Record, gateway: &GatewayFacts, mesh: &MeshFacts) -> Vec<Part> {
    let intent = &record.intent;
    let upstream = names::upstream_host(intent.host.as_str(), &intent.namespace);
    let mut parts = pair(record, gateway, mesh).to_vec();
    parts.extend([
        Part::of_host(record, Role::Upstream, upstream_entry(intent, upstream.clone())),
        Part::of_host(record, Role::GatewayLeg, gateway_leg(record, &upstream)),
        Part::of_host(record, Role::MeshLeg, mesh_leg(intent, mesh)),
        Part::of_host(record, Role::Client, client_entry(intent)),
    ]);
    for part in &mut parts {
        if part.role == Role::Upstream {
            part.resource.annotations = record.annotations(Role::Upstream);
        }
    }
    parts
}

/// The pair of a gateway: written once, never edited by `add` or `remove`.
fn pair(record: &Record, gateway: &GatewayFacts, mesh: &MeshFacts) -> [Part; 2] {
    let make = |role: Role, spec| Part {
        role,
        resource: Resource {
            id: ObjectId {
                kind: role.kind(),
                namespace: gateway.name.namespace.clone(),
                name: record.names.object(&record.intent, role),
            },
            labels: metadata::labels(),
            annotations: metadata::annotations(None, role),
            spec,
            live: None,
        },
    };
    [
        make(Role::SharedGateway, Spec::Gateway(shared_gateway(gateway))),
        make(
            Role::SharedDestinationRule,
            Spec::DestinationRule(Box::new(shared_destination_rule(
                gateway.name.service_host(&mesh.cluster_domain),
                mesh,
            ))),
        ),
    ]
}

/// One `*` server per port: a second one on the same port would be dropped by istiod as a duplicate.
fn shared_gateway(gateway: &GatewayFacts) -> GatewaySpec {
    let server = |number: u16, name: &str, protocol: &str, mode| GatewayServers {
        port: GatewayServersPort {
            number: number.into(),
            name: name.to_owned(),
            protocol: protocol.to_owned(),
            target_port: None,
        },
        hosts: vec!["*".to_owned()],
        tls: Some(Box::new(GatewayServersTls { mode: Some(mode), ..Default::default() })),
        ..Default::default()
    };
    let http = server(HTTP_HOP, "https-mesh", "HTTPS", GatewayServersTlsMode::IstioMutual);
    let tls = server(TLS_HOP, "tls-passthrough", "TLS", GatewayServersTlsMode::Passthrough);
    let servers = [(HTTP_HOP, http), (TLS_HOP, tls)];
    GatewaySpec {
        selector: Some(gateway.selector.clone()),
        servers: Some(
            servers
                .into_iter()
                .filter(|(number, _)| gateway.port(*number).is_some())
                .map(|(_, server)| server)
                .collect(),
        ),
    }
}

fn shared_destination_rule(host: String, mesh: &MeshFacts) -> DestinationRuleSpec {
    let is_private = mesh.default_export_to.destination_rules.iter().any(|word| word == ".");
    let settings = DestinationRuleSubsetsTrafficPolicyPortLevelSettings {
        port: Some(DestinationRuleSubsetsTrafficPolicyPortLevelSettingsPort {
            number: Some(HTTP_HOP.into()),
        }),
        tls: Some(Box::new(DestinationRuleSubsetsTrafficPolicyPortLevelSettingsTls {
            mode: Some(DestinationRuleSubsetsTrafficPolicyPortLevelSettingsTlsMode::IstioMutual),
            ..Default::default()
        })),
        ..Default::default()
    };
    let policy = DestinationRuleSubsetsTrafficPolicy {
        port_level_settings: Some(vec![settings]),
        ..Default::default()
    };
    DestinationRuleSpec {
        host,
        // The callers of all namespaces need it. Where the mesh says so of every rule, this one need not.
        export_to: is_private.then(|| vec!["*".to_owned()]),
        subsets: Some(vec![DestinationRuleSubsets {
            name: SUBSET.to_owned(),
            traffic_policy: Some(Box::new(policy)),
            ..Default::default()
        }]),
        ..Default::default()
    }
}

fn upstream_entry(intent: &Intent, upstream: String) -> Spec {
    let mut entry = service_entry(upstream, vec![intent.gateway.namespace.clone()], intent);
    entry.location = Some(ServiceEntryLocation::MeshExternal);
    entry.endpoints =
        Some(vec![ServiceEntryEndpoints { address: Some(intent.host.to_string()), ..Default::default() }]);
    Spec::ServiceEntry(entry)
}

fn gateway_leg(record: &Record, upstream: &str) -> Spec {
    let intent = &record.intent;
    let leg = RuleTemplate { host: upstream, subset: None, gateways: None, weight: None };
    let pair = record.names.object(intent, Role::SharedGateway);
    let gateway = format!("{}/{pair}", intent.gateway.namespace);
    Spec::VirtualService(VirtualServiceSpec {
        hosts: Some(vec![intent.host.to_string()]),
        export_to: Some(vec![intent.gateway.namespace.clone()]),
        gateways: Some(vec![gateway]),
        http: leg.gateway_http(intent),
        tls: leg.gateway_tls(intent),
        tcp: None,
    })
}

fn mesh_leg(intent: &Intent, mesh: &MeshFacts) -> Spec {
    let service = intent.gateway.service_host(&mesh.cluster_domain);
    let leg = RuleTemplate { host: &service, subset: Some(SUBSET), gateways: None, weight: None };
    Spec::VirtualService(VirtualServiceSpec {
        hosts: Some(vec![intent.host.to_string()]),
        export_to: Some(intent.export_to.clone()),
        gateways: Some(vec!["mesh".to_owned()]),
        http: leg.mesh_http(intent),
        tls: leg.mesh_tls(intent),
        tcp: None,
    })
}

fn client_entry(intent: &Intent) -> Spec {
    let mut entry = service_entry(intent.host.to_string(), intent.export_to.clone(), intent);
    entry.location = Some(ServiceEntryLocation::MeshExternal);
    Spec::ServiceEntry(entry)
}
