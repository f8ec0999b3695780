//! The documented layout: the four objects of Istio's own egress gateway task, all in the callers' namespace.
//!
//! Needs no rights in the gateway's namespace. Fields, port names and weights are those of the task, so that people and
//! tools that know it recognise it; two things are added that keep routes of other namespaces out: hosts of the Gateway are
//! bound to its namespace, and the gateway's rules match on the authority. Two objects are written in stages.

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
use egress_istio::virtual_service::VirtualServiceSpec;

use super::description::{Dialect, Down, Phase, Rename, Subset, Up, Upstream};
use super::part::Part;
use super::refusal::Refusal;
use super::rules::{HTTP_HOP, RuleTemplate, TLS_HOP, service_entry};
use crate::intent::{GatewayTls, Intent, Layout};
use crate::metadata::Record;
use crate::port::{Port, Protocol};
use crate::proof::Side;
use crate::resource::{Resource, Spec};
use crate::role::Role;
use crate::snapshot::{GatewayFacts, MeshFacts};

/// The documented layout.
pub(crate) const DIALECT: Dialect = Dialect {
    layout: Layout::Documented,
    word: "documented",
    phases: &[
        Phase::first(Role::Client, Up::Stored, Down::Stored),
        Phase::whole(Role::Gateway, Up::Stored, Down::Stored),
        Phase::whole(Role::DestinationRule, Up::Stored, Down::Stored),
        Phase::first(
            Role::MeshLeg,
            Up::Routes { side: Side::Gateway, of: Role::MeshLeg, where_listening: false },
            Down::RoutesGone { side: Side::Gateway, of: Role::MeshLeg },
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
    record: Role::Client,
    upstream_entry: Role::Client,
    upstream: Upstream::Host,
    gateway_routes: Role::MeshLeg,
    subset: Subset::OfHost,
    rename: Rename::Refused,
    accept,
    objects,
    first_stage,
};

/// Before a host of a Gateway: only VirtualServices of the Gateway's own namespace may route it there. Without it those of
/// every namespace may.
pub(super) const OWN_NAMESPACE: &str = "./";

/// The four objects of a host, in the order in which they are complete.
fn objects(record: &Record, gateway: &GatewayFacts, mesh: &MeshFacts) -> Vec<Part> {
    let intent = &record.intent;
    let service = intent.gateway.service_host(&mesh.cluster_domain);
    let mut parts = vec![
        Part::of_host(record, Role::Gateway, Spec::Gateway(gateway_object(intent, gateway))),
        Part::of_host(
            record,
            Role::DestinationRule,
            Spec::DestinationRule(Box::new(destination_rule(record, &service))),
        ),
        Part::of_host(record, Role::MeshLeg, Spec::VirtualService(virtual_service(record, &service))),
        Part::of_host(
            record,
            Role::Client,
            entry(intent, vec![".".to_owned(), intent.gateway.namespace.clone()]),
        ),
    ];
    for part in &mut parts {
        if part.role == Role::Client {
            part.resource.annotations = record.annotations(Role::Client);
        }
    }
    parts
}

/// The entry as only the gateway sees it, and the routes that only the gateway has. A sidecar that saw the whole entry before
/// the mesh rules would send directly.
fn first_stage(whole: &mut Resource, gateway_namespace: &str) {
    match &mut whole.spec {
        Spec::ServiceEntry(entry) => entry.export_to = Some(vec![gateway_namespace.to_owned()]),
        Spec::VirtualService(service) => *service = gateway_rules_only(service.clone()),
        _ => {}
    }
}

/// A DestinationRule is looked up in the caller's namespace, the Service's and the root namespace only.
fn accept(_: GatewayTls, export_to: &[String]) -> Result<(), Refusal> {
    if export_to == ["."] { Ok(()) } else { Err(Refusal::DocumentedIsLocal(export_to.join(","))) }
}

fn gateway_rules_only(mut service: VirtualServiceSpec) -> VirtualServiceSpec {
    let in_mesh = |gateways: Option<&Vec<String>>| {
        gateways.is_some_and(|names| names.iter().any(|name| name == "mesh"))
    };
    service.gateways =
        service.gateways.map(|names| names.into_iter().filter(|name| name != "mesh").collect());
    service.http = service.http.map(|rules| {
        let bound = |rule: &egress_istio::virtual_service::VirtualServiceHttp| {
            rule.r#match.iter().flatten().any(|matched| in_mesh(matched.gateways.as_ref()))
        };
        rules.into_iter().filter(|rule| !bound(rule)).collect()
    });
    service.tls = service.tls.map(|rules| {
        let bound = |rule: &egress_istio::virtual_service::VirtualServiceTls| {
            rule.r#match.iter().any(|matched| in_mesh(matched.gateways.as_ref()))
        };
        rules.into_iter().filter(|rule| !bound(rule)).collect()
    });
    service
}

fn gateway_object(intent: &Intent, gateway: &GatewayFacts) -> GatewaySpec {
    let server =
        |number: u16, name: &str, protocol: &str, mode: Option<GatewayServersTlsMode>| GatewayServers {
            port: GatewayServersPort {
                number: number.into(),
                name: name.to_owned(),
                protocol: protocol.to_owned(),
                target_port: None,
            },
            hosts: vec![format!("{OWN_NAMESPACE}{}", intent.host)],
            tls: mode.map(|mode| Box::new(GatewayServersTls { mode: Some(mode), ..Default::default() })),
            ..Default::default()
        };
    let http = match intent.hop {
        GatewayTls::Plain => server(HTTP_HOP, "http", "HTTP", None),
        GatewayTls::Mtls => server(HTTP_HOP, "https", "HTTPS", Some(GatewayServersTlsMode::IstioMutual)),
    };
    let tls = server(TLS_HOP, "tls", "TLS", Some(GatewayServersTlsMode::Passthrough));
    let speaks = |protocol| intent.ports_of(protocol).next().is_some();
    let servers = [(speaks(Protocol::Http), http), (speaks(Protocol::Tls), tls)];
    // The task selects by the label `istio` alone.
    let selector = match gateway.selector.get("istio") {
        Some(value) => [("istio".to_owned(), value.clone())].into(),
        None => gateway.selector.clone(),
    };
    GatewaySpec {
        selector: Some(selector),
        servers: Some(servers.into_iter().filter(|(wanted, _)| *wanted).map(|(_, server)| server).collect()),
    }
}

fn destination_rule(record: &Record, service: &str) -> DestinationRuleSpec {
    let intent = &record.intent;
    let mtls = || {
        let settings = DestinationRuleSubsetsTrafficPolicyPortLevelSettings {
            port: Some(DestinationRuleSubsetsTrafficPolicyPortLevelSettingsPort {
                number: Some(HTTP_HOP.into()),
            }),
            tls: Some(Box::new(DestinationRuleSubsetsTrafficPolicyPortLevelSettingsTls {
                mode: Some(DestinationRuleSubsetsTrafficPolicyPortLevelSettingsTlsMode::IstioMutual),
                // Without it the SNI is the cluster's name, which no server of an explicit host matches.
                sni: Some(intent.host.to_string()),
                ..Default::default()
            })),
            ..Default::default()
        };
        Box::new(DestinationRuleSubsetsTrafficPolicy {
            port_level_settings: Some(vec![settings]),
            ..Default::default()
        })
    };
    let secured = intent.hop == GatewayTls::Mtls && intent.ports_of(Protocol::Http).next().is_some();
    DestinationRuleSpec {
        host: service.to_owned(),
        // Every DestinationRule of one host and namespace must have the same exportTo, or the younger hides the older.
        export_to: Some(vec![".".to_owned()]),
        subsets: Some(vec![DestinationRuleSubsets {
            name: record.names.subset(intent),
            traffic_policy: secured.then(mtls),
            ..Default::default()
        }]),
        ..Default::default()
    }
}

fn virtual_service(record: &Record, service: &str) -> VirtualServiceSpec {
    let intent = &record.intent;
    let subset = record.names.subset(intent);
    let bound = record.names.object(intent, Role::Gateway);
    let host = intent.host.to_string();
    let mesh =
        RuleTemplate { host: service, subset: Some(&subset), gateways: Some("mesh"), weight: Some(100) };
    let gateway = RuleTemplate { host: &host, subset: None, gateways: Some(&bound), weight: Some(100) };
    VirtualServiceSpec {
        hosts: Some(vec![host.clone()]),
        export_to: Some(vec![".".to_owned(), intent.gateway.namespace.clone()]),
        gateways: Some(vec![bound.clone(), "mesh".to_owned()]),
        http: joined(mesh.mesh_http(intent), gateway.gateway_http(intent)),
        tls: joined(mesh.mesh_tls(intent), gateway.gateway_tls(intent)),
        tcp: None,
    }
}

fn entry(intent: &Intent, export_to: Vec<String>) -> Spec {
    let mut entry = service_entry(intent.host.to_string(), export_to, intent);
    for port in entry.ports.iter_mut().flatten() {
        if port.name == Port::HTTP.name() {
            "http-port".clone_into(&mut port.name);
        }
    }
    Spec::ServiceEntry(entry)
}

fn joined<T>(first: Option<Vec<T>>, second: Option<Vec<T>>) -> Option<Vec<T>> {
    match (first, second) {
        (Some(mut first), Some(second)) => {
            first.extend(second);
            Some(first)
        }
        (first, second) => first.or(second),
    }
}
