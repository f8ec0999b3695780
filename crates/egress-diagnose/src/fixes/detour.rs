//! What is said of calls that do not take the way that a rule wants, and the change that mends them.
//!
//! The changes are candidates: which of them mends is computed later, for findings that are reported.

use std::collections::BTreeSet;

use egress_core::command::ShellCommand;
use egress_core::istio::call::{End, Passage, Refusal, Speaks};
use egress_core::istio::simulation::{EndCause, OpenedServer};
use egress_core::objects::EXPORT_TO;
use serde_json::json;

use crate::finding::{Alteration, Candidates, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::traffic::routed_call::RoutedCall;
use crate::view::View;
use crate::wording::list;

mod candidates;

use self::candidates::candidates;

/// A message names this many calling namespaces.
const NAMED: usize = 3;

/// This many calls of a cause are followed again after a change.
const FOLLOWED: usize = 20;

/// Who is told of in messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Callers {
    /// The calling namespaces.
    Named,
    /// Nobody: the report lists the namespaces of a path, and the same fault of several paths is one.
    OfPath,
}

/// Calls that take another way, with the way of each: one finding for each cause, whoever calls.
pub(crate) fn findings(
    view: &View<'_>,
    (code, level, callers): (Code, Level, Callers),
    wrong: Vec<(RoutedCall<'_>, Passage)>,
) -> Vec<Finding> {
    let mut detours: Vec<Detour<'_>> = Vec::new();
    for (call, passage) in wrong {
        let found = view.simulation().cause(&call.call, &call.host, call.route, &passage);
        let mut evidence = way(&passage);
        let (place, fix) = match &found {
            Some(found) => of_cause(view, &call, found, &mut evidence),
            None => (None, None),
        };
        let rule = || Place::of(&call.route.id).field(call.rule.clone(), call.call.port.to_string());
        let place = place.unwrap_or_else(rule);
        let effect = consequence(&passage, None);
        let is_same =
            |known: &&mut Detour<'_>| known.place == place && consequence(&known.passage, None) == effect;
        if let Some(known) = detours.iter_mut().find(is_same) {
            known.namespaces.insert(call.caller.to_owned());
            if known.candidates.calls.len() < FOLLOWED {
                known.candidates.calls.push(call.call);
            }
            continue;
        }
        let others = found.iter().flat_map(|found| candidates(view, &call, found));
        let candidates =
            Candidates { fixes: fix.into_iter().chain(others).collect(), calls: vec![call.call.clone()] };
        let namespaces = BTreeSet::from([call.caller.to_owned()]);
        detours.push(Detour { call, passage, namespaces, place, evidence, candidates });
    }
    detours.into_iter().map(|detour| detour.finding(code, level, callers)).collect()
}

/// Calls that one cause leads astray.
struct Detour<'a> {
    /// The first of them, and its way.
    call: RoutedCall<'a>,
    passage: Passage,
    /// The calling namespaces of all.
    namespaces: BTreeSet<String>,
    place: Place,
    evidence: Vec<String>,
    /// What may mend it, the likeliest first.
    candidates: Candidates,
}

impl Detour<'_> {
    fn finding(self, code: Code, level: Level, callers: Callers) -> Finding {
        let mut evidence = self.evidence;
        if self.namespaces.len() > NAMED || (callers == Callers::OfPath && self.namespaces.len() > 1) {
            let all: Vec<&str> = self.namespaces.iter().map(String::as_str).collect();
            evidence.push(format!("the calling namespaces: {}", all.join(", ")));
        }
        let callers = (callers == Callers::Named).then(|| some_of(&self.namespaces));
        let callers = callers.as_deref();
        let id = &self.call.route.id;
        let show = ShellCommand::show(&id.kind.qualified(), &id.name, &id.namespace);
        let shown = fixes::fix(show, "shows the rule; what stands in its way is named above");
        Finding {
            code,
            level,
            confidence: Confidence::Certain,
            message: message(&self.call, callers, &self.passage),
            fix: Fix { candidates: self.candidates, ..shown },
            object: self.place,
            evidence,
            consequence: consequence(&self.passage, callers),
        }
    }
}

fn message(call: &RoutedCall<'_>, callers: Option<&str>, passage: &Passage) -> String {
    let what = match &call.call.speaks {
        Speaks::Http { .. } => "HTTP",
        Speaks::Tls { .. } => "TLS",
        Speaks::Bytes => "TCP",
    };
    let gateway = &call.gateway.name;
    let from = callers.map(|callers| format!(" from {callers}")).unwrap_or_default();
    let calls = format!("{what} calls{from} to {}:{}", call.host, call.call.port);
    let verb = match &passage.end {
        End::Leaves { .. } | End::Arrives { .. } => "leave around",
        End::Refused(_) if passage.hops.iter().any(|hop| hop.proxy != call.call.caller) => "end at",
        End::Refused(Refusal::NoListener) => "find no listener at",
        End::Refused(_) => "do not reach",
    };
    format!("{calls} {verb} {}/{}", gateway.namespace, gateway.service)
}

/// The proxies and clusters of a way, one line for each.
fn way(passage: &Passage) -> Vec<String> {
    let hop = |hop: &egress_core::istio::call::Hop| {
        let route = hop.route.as_ref().map(|route| format!(" by virtualservice {route}")).unwrap_or_default();
        format!("{} sends them to cluster {}{route}", hop.proxy, hop.cluster)
    };
    passage.hops.iter().map(hop).collect()
}

fn consequence(passage: &Passage, callers: Option<&str>) -> String {
    match &passage.end {
        End::Leaves { .. } | End::Arrives { .. } => match callers {
            Some(callers) => format!("they leave directly from the nodes of {callers}"),
            None => "they leave directly from the callers' nodes".to_owned(),
        },
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
                let everywhere = vec![(EXPORT_TO.to_owned(), Some("*".to_owned()))];
                fixes::changed(
                    ("service", name, namespace),
                    Alteration::Annotate(everywhere),
                    "makes it visible in every namespace",
                )
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
            evidence.push(format!("Gateway objects of {pod}: {}", all(gateways)));
            evidence.push(format!("VirtualServices of the host name: {}", all(named)));
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

/// `a, b, c and 4 other namespaces`.
fn some_of(namespaces: &BTreeSet<String>) -> String {
    let mut words: Vec<String> = namespaces.iter().take(NAMED).cloned().collect();
    match namespaces.len() - words.len() {
        0 => {}
        1 => words.push("1 other namespace".to_owned()),
        more => words.push(format!("{more} other namespaces")),
    }
    list(&words)
}

fn all(words: &[String]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
