//! What is said of calls that do not take the way that a rule wants, and the change that mends them.
//!
//! The changes are candidates: which of them mends is computed later, for findings that are reported.

use std::collections::BTreeSet;

use egress_core::command::ShellCommand;
use egress_core::istio::call::{End, Passage, Refusal, Speaks};
use egress_core::istio::simulation::{EndCause, OpenedServer};
use egress_core::objects::EXPORT_TO;
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::Kind;
use serde_json::json;

use super::server_namespace::excluded;
use crate::finding::{Alteration, Candidates, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::fixes::cause_words::cause_words;
use crate::traffic::routed_call::{RoutedCall, entry_without_address, wraps};
use crate::view::View;
use crate::wording::{calling_namespaces, export_to, some_of};

mod candidates;
mod server_name;
mod subnets;
mod subset;
mod tls_of_rule;
mod wrapped;

use self::candidates::{bound_first, candidates};
use self::server_name::other_name;

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
        let told = match &passage.end {
            End::Refused(refusal) if *refusal != Refusal::NoCluster => excluded(view, &call),
            _ => found.as_ref().and_then(|found| subset::hidden(view, &call, &passage, found)),
        };
        let told = wrapped::of_sidecar(view, &passage)
            .or_else(|| subnets::of_others(view, &call, &passage))
            .or(told);
        let without_address = entry_without_address(view, &passage);
        let told = other_name(view, &call, &passage).or(told).or_else(|| without_address.map(resolved));
        let (place, fix) = match (told, &found) {
            (Some((place, told, fix)), _) => {
                evidence.push(told);
                (Some(place), Some(fix))
            }
            (None, Some(found)) => {
                let rules = call.rule.split(['.', '[']).nth(1).unwrap_or_default();
                evidence.extend(cause_words(found, rules));
                of_cause(view, &call, found)
            }
            (None, None) => (None, None),
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
        let others = others.chain(bound_first(&call, &passage));
        let candidates =
            Candidates { fixes: fix.into_iter().chain(others).collect(), calls: vec![call.call.clone()] };
        let namespaces = BTreeSet::from([call.caller.to_owned()]);
        detours.push(Detour { call, passage, namespaces, place, evidence, candidates });
    }
    detours.into_iter().map(|detour| detour.finding(code, level, callers)).collect()
}

/// A host whose ServiceEntry gives a gateway no address: DNS has the addresses of single hosts.
fn resolved(entry: &Resource) -> (Place, String, Fix) {
    let place = Place::of(&entry.id).field("spec.resolution", "NONE");
    let told = "a gateway needs an address to connect to, and resolution NONE gives it none".to_owned();
    let is_wildcard =
        entry.service_entry().is_some_and(|spec| spec.hosts.iter().any(|host| host.starts_with('*')));
    let fix = if is_wildcard {
        let show = ShellCommand::show(&entry.id.kind.qualified(), &entry.id.name, &entry.id.namespace);
        fixes::fix(
            show,
            "shows the entry; add each name with `kubectl egress add`, or route to one server of all names",
        )
    } else {
        fixes::set(&entry.id, "spec.resolution", &json!("DNS"), "lets the gateway resolve the host")
    };
    (place, told, fix)
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
        let namespaces: Vec<&str> = self.namespaces.iter().map(String::as_str).collect();
        evidence.extend(match callers {
            Callers::Named => calling_namespaces(&namespaces),
            Callers::OfPath if namespaces.len() > 1 => {
                Some(format!("the calling namespaces: {}", namespaces.join(", ")))
            }
            Callers::OfPath => None,
        });
        let callers = (callers == Callers::Named).then(|| some_of(&namespaces));
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
        End::Leaves { .. } if has_passed(passage) => "leave for another host from",
        End::Leaves { .. } | End::Arrives { .. } => "leave around",
        End::Refused(_) if wraps(passage).is_some() => "leave in mesh mTLS from",
        End::Refused(_) if passage.hops.iter().any(|hop| hop.proxy != call.call.caller) => "end at",
        End::Refused(Refusal::NoListener) => "find no listener at",
        End::Refused(_) | End::Undecided => "do not reach",
    };
    format!("{calls} {verb} {}/{}", gateway.namespace, gateway.service)
}

/// Whether a call has left the caller's own proxy for another.
fn has_passed(passage: &Passage) -> bool {
    passage.hops.len() > 1
}

/// The proxies and clusters of a way, one line for each.
pub(crate) fn way(passage: &Passage) -> Vec<String> {
    let hop = |hop: &egress_core::istio::call::Hop| {
        let route = hop.route.as_ref().map(|route| format!(" by virtualservice {route}")).unwrap_or_default();
        format!("{} sends them to cluster {}{route}", hop.proxy, hop.cluster)
    };
    passage.hops.iter().map(hop).collect()
}

/// What callers notice of it.
pub(crate) fn consequence(passage: &Passage, callers: Option<&str>) -> String {
    if wraps(passage).is_some() {
        return "the host does not speak mesh mTLS: it resets the connection".to_owned();
    }
    match &passage.end {
        End::Leaves { to, port } if has_passed(passage) => format!("they arrive at {to}:{port}"),
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
        End::Refused(_) | End::Undecided => "the connection is reset".to_owned(),
    }
}

/// The place and the fix of a cause.
fn of_cause(view: &View<'_>, call: &RoutedCall<'_>, found: &EndCause<'_>) -> (Option<Place>, Option<Fix>) {
    match found {
        EndCause::OtherProtocolDeclared { entry, index } => {
            let ports = entry.service_entry().and_then(|spec| spec.ports.as_deref()).unwrap_or_default();
            let declared = ports.get(*index).and_then(|port| port.protocol.clone()).unwrap_or_default();
            let wanted = match &call.call.speaks {
                Speaks::Http { .. } => "HTTP",
                Speaks::Tls { .. } => "TLS",
                Speaks::Bytes => "TCP",
            };
            let field = format!("spec.ports[{index}].protocol");
            let fix = fixes::set(
                &entry.id,
                &field,
                &json!(wanted),
                "lets the rules of the VirtualService have the port",
            );
            (Some(Place::of(&entry.id).field(field, &declared)), Some(fix))
        }
        EndCause::TakenBy(other) => taken_by(view, other).unzip(),
        EndCause::Hidden { object: (kind, namespace, name), viewer } => {
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
        EndCause::NotOpened { port, opened, .. } => (not_opened(call, *port, opened), None),
        EndCause::OtherRules { gateway, index, .. } => {
            let protocol = gateway
                .gateway()
                .and_then(|spec| spec.servers.as_ref()?.get(*index))
                .map(|one| &one.port.protocol);
            let field = format!("spec.servers[{index}].port.protocol");
            let place = Place::of(&gateway.id).field(field, protocol.map(String::as_str).unwrap_or_default());
            (Some(place), None)
        }
        EndCause::NotDeclared { .. }
        | EndCause::NoPort { .. }
        | EndCause::NoSubset { .. }
        | EndCause::NotBound { .. } => (None, None),
    }
}

/// The VirtualService that takes a call from another: `namespace/name`.
fn taken_by(view: &View<'_>, other: &str) -> Option<(Place, Fix)> {
    let (namespace, name) = other.split_once('/')?;
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    let resource = view.find(&ObjectId { kind: Kind::VirtualService, namespace, name })?;
    let place = Place::of(&resource.id).field("spec.exportTo", export_to(resource).join(", "));
    let why = "makes the route to the gateway win; first find out who needs the other";
    Some((place, fixes::delete(resource, why)))
}

/// The server that was meant: the one with the number that the rule dials.
fn not_opened(call: &RoutedCall<'_>, port: u16, opened: &[OpenedServer<'_>]) -> Option<Place> {
    let dialled = call.gateway.ports.iter().find(|one| one.target == Some(port))?;
    let server = opened.iter().find(|server| server.number == i64::from(dialled.number))?;
    let field = format!("spec.servers[{}].port.number", server.index);
    Some(Place::of(&server.gateway.id).field(field, server.number.to_string()))
}
