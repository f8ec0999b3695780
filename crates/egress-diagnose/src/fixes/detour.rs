//! What is said of a call that does not take the way that a rule wants, and the change that mends it.
//!
//! A change is proposed only where the simulated path then leads through the gateway.

use egress_core::istio::call::{End, Passage, Refusal, Speaks};
use egress_core::istio::simulation::{EndCause, OpenedServer};
use serde_json::json;

use crate::finding::{Fix, Place};
use crate::fixes;
use crate::traffic::routed_call::RoutedCall;
use crate::view::View;

/// The sentences of a finding.
pub(crate) struct DetourWords {
    /// What is wrong.
    pub(crate) message: String,
    /// Where.
    pub(crate) place: Place,
    /// Why, a fact in each line.
    pub(crate) evidence: Vec<String>,
    /// What it does.
    pub(crate) consequence: String,
    /// What mends it.
    pub(crate) fix: Fix,
}

/// The words for the way that a call takes.
pub(crate) fn words(view: &View<'_>, call: &RoutedCall<'_>, passage: &Passage) -> DetourWords {
    let what = match &call.call.speaks {
        Speaks::Http { .. } => "HTTP",
        Speaks::Tls { .. } => "TLS",
        Speaks::Bytes => "TCP",
    };
    let gateway = &call.gateway.name;
    let calls = format!("{what} calls from {} to {}:{}", call.caller, call.host, call.call.port);
    let message = match &passage.end {
        End::Leaves { .. } | End::Arrives { .. } => {
            format!("{calls} leave around {}/{}", gateway.namespace, gateway.service)
        }
        End::Refused(_) if passage.hops.iter().any(|hop| hop.proxy != call.call.caller) => {
            format!("{calls} end at {}/{}", gateway.namespace, gateway.service)
        }
        End::Refused(Refusal::NoListener) => {
            format!("{calls} find no listener at {}/{}", gateway.namespace, gateway.service)
        }
        End::Refused(_) => format!("{calls} do not reach {}/{}", gateway.namespace, gateway.service),
    };
    let found = view.simulation().cause(&call.call, &call.host, call.route, passage);
    let mut evidence = way(passage);
    let rule = Place::of(&call.route.id).field(call.rule.clone(), call.call.port.to_string());
    let (place, fix) = match &found {
        Some(found) => of_cause(view, call, found, &mut evidence),
        None => (None, None),
    };
    DetourWords {
        message,
        place: place.unwrap_or(rule),
        evidence,
        consequence: consequence(call, passage),
        fix: fix.unwrap_or_else(|| {
            let id = &call.route.id;
            let show =
                egress_core::command::ShellCommand::show(&id.kind.qualified(), &id.name, &id.namespace);
            fixes::fix(show, "shows the rule; what stands in its way is named above")
        }),
    }
}

/// The proxies and clusters of a way, one line for each.
fn way(passage: &Passage) -> Vec<String> {
    let hop = |hop: &egress_core::istio::call::Hop| {
        let route = hop.route.as_ref().map(|route| format!(" by virtualservice {route}")).unwrap_or_default();
        format!("{} sends them to cluster {}{route}", hop.proxy, hop.cluster)
    };
    passage.hops.iter().map(hop).collect()
}

fn consequence(call: &RoutedCall<'_>, passage: &Passage) -> String {
    match &passage.end {
        End::Leaves { .. } | End::Arrives { .. } => {
            format!("they leave directly from the nodes of {}", call.caller)
        }
        End::Refused(Refusal::NoListener) => {
            "the gateway's pods refuse the connection: 503, or a reset".to_owned()
        }
        End::Refused(Refusal::NoRoute) => "the gateway answers with 404".to_owned(),
        End::Refused(Refusal::NoCluster) => "they get 503, or a reset".to_owned(),
        End::Refused(Refusal::Blocked) => "the sidecar refuses them: 502, or a reset".to_owned(),
        End::Refused(Refusal::Loop) => "they go in a circle until a limit ends them".to_owned(),
        End::Refused(_) => "the connection is reset".to_owned(),
    }
}

/// The place and the fix of a cause; adds what it tells.
fn of_cause(
    view: &View<'_>,
    call: &RoutedCall<'_>,
    found: &EndCause<'_>,
    evidence: &mut Vec<String>,
) -> (Option<Place>, Option<Fix>) {
    let rules = call.rule.split(['.', '[']).nth(1).unwrap_or_default();
    match found {
        EndCause::OtherProtocolDeclared { entry, index } => {
            let ports = entry.service_entry().and_then(|spec| spec.ports.as_deref()).unwrap_or_default();
            let declared = ports.get(*index).and_then(|port| port.protocol.clone()).unwrap_or_default();
            let wanted = match &call.call.speaks {
                Speaks::Http { .. } => "HTTP",
                Speaks::Tls { .. } => "TLS",
                Speaks::Bytes => "TCP",
            };
            evidence.push(format!("`{rules}` rules are not used for a port that is declared {declared}"));
            let field = format!("spec.ports[{index}].protocol");
            let fix = fixes::set(
                &entry.id,
                &field,
                &json!(wanted),
                "lets the rules of the VirtualService have the port",
            );
            (Some(Place::of(&entry.id).field(field, &declared)), Some(fix))
        }
        EndCause::TakenBy(other) => {
            evidence.push(format!("virtualservice {other} takes them first"));
            (None, None)
        }
        EndCause::Hidden { object: (kind, namespace, name), viewer } => {
            evidence.push(format!(
                "{} {namespace}/{name} is not visible in namespace {viewer}",
                kind.to_lowercase()
            ));
            let place = Place::new(kind, Some(namespace), name);
            let resource = view
                .service_entries()
                .find(|entry| entry.id.namespace == *namespace && entry.id.name == *name);
            let fix = if let Some(entry) = resource {
                fixes::export(view, entry, viewer, "makes it visible there")
            } else {
                let annotate = egress_core::command::ShellCommand::new(["kubectl", "annotate"])
                    .object("service", name)
                    .in_namespace(namespace)
                    .words(["networking.istio.io/exportTo=*", "--overwrite"]);
                fixes::fix(annotate, "makes it visible in every namespace")
            };
            (Some(place), Some(fix))
        }
        EndCause::NotDeclared { host } => {
            evidence.push(format!("no Service and no ServiceEntry declares {host}"));
            (None, None)
        }
        EndCause::NoPort { host, port, declared } => {
            let declared: Vec<String> = declared.iter().map(ToString::to_string).collect();
            evidence.push(format!("{host} has no port {port}: it has {}", declared.join(", ")));
            (None, None)
        }
        EndCause::NoSubset { host, subset } => {
            evidence.push(format!("no DestinationRule that the proxy uses has subset `{subset}` of {host}"));
            (None, None)
        }
        EndCause::NotOpened { pod, port, is_privileged, opened } => {
            evidence.push(format!("the connection goes to port {port} of {pod}, where nothing listens"));
            if *is_privileged {
                evidence.push(
                    "the pod may not open ports below 1024: ISTIO_META_UNPRIVILEGED_POD is set".to_owned(),
                );
            }
            let is_idle = |one: &OpenedServer<'_>| one.pod_port == *port && !is_privileged;
            evidence
                .extend(opened.iter().map(|one| if is_idle(one) { without_rule(one) } else { server(one) }));
            if opened.is_empty() {
                evidence.push(format!("no Gateway object selects {pod}"));
            }
            (not_opened(call, *port, opened), None)
        }
        EndCause::OtherRules { gateway, index, follows } => {
            let protocol = gateway
                .gateway()
                .and_then(|spec| spec.servers.as_ref()?.get(*index))
                .map(|one| &one.port.protocol);
            let field = format!("spec.servers[{index}].port.protocol");
            evidence.push(format!(
                "this server follows `{follows}` rules, and the VirtualService has none for it"
            ));
            let place = Place::of(&gateway.id).field(field, protocol.map(String::as_str).unwrap_or_default());
            (Some(place), None)
        }
        EndCause::NotBound { pod, gateways, named } => {
            evidence.push(format!("Gateway objects of {pod}: {}", list(gateways)));
            evidence.push(format!("VirtualServices of the host name: {}", list(named)));
            (None, None)
        }
    }
}

/// The server that was meant: the one with the number that the rule dials.
fn not_opened(call: &RoutedCall<'_>, port: u16, opened: &[OpenedServer<'_>]) -> Option<Place> {
    let dialled = call.gateway.ports.iter().find(|one| one.target == Some(port))?;
    let server = opened.iter().find(|server| server.number == i64::from(dialled.number))?;
    let field = format!("spec.servers[{}].port.number", server.index);
    Some(Place::of(&server.gateway.id).field(field, server.number.to_string()))
}

fn server(opened: &OpenedServer<'_>) -> String {
    let OpenedServer { gateway, index, number, pod_port, service, .. } = opened;
    let by = match service {
        Some(service) if *number != i64::from(*pod_port) => format!(", by Service {service}"),
        _ => String::new(),
    };
    let id = &gateway.id;
    format!(
        "server {index} of gateway {}/{}, port {number}, is opened on port {pod_port}{by}",
        id.namespace, id.name
    )
}

/// A server that opens nothing, because no rule is for it.
fn without_rule(opened: &OpenedServer<'_>) -> String {
    let OpenedServer { gateway, index, number, follows, .. } = opened;
    let id = &gateway.id;
    format!(
        "server {index} of gateway {}/{}, port {number}, follows `{follows}` rules, and no VirtualService has one for it",
        id.namespace, id.name
    )
}

fn list(words: &[String]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
