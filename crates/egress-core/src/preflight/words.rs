//! What is said of a call that does not take the way it should: the object, its field, and what to type next.

use super::target_call::TargetCall;
use super::wanted_call::WantedCall;
use crate::command::ShellCommand;
use crate::conflict::{Conflict, Severity};
use crate::istio::authorization::Denial;
use crate::istio::call::{End, Passage, Refusal};
use crate::istio::gateway_api::ApiOrigin;
use crate::istio::simulation::EndCause;
use crate::kind::Kind;
use crate::metadata;
use crate::related_resources::RelatedResources;
use crate::resource::{ObjectId, Resource};

/// A requested call that would go this way; `culprit` is the one object without which it would not.
pub(super) fn of_detour(
    wanted: &WantedCall<'_>,
    passage: &Passage,
    culprit: Option<&Resource>,
    cause: Option<&EndCause<'_>>,
    route: Option<&Resource>,
) -> Conflict {
    let calls = wanted.target().words(wanted.namespace);
    let message = format!("is in the way of this egress: {calls} would {}", ends(wanted, passage));
    let why = cause.map(why);
    let message = why.map_or_else(|| message.clone(), |why| format!("{message}: {why}"));
    if let Some(culprit) = culprit {
        return about(&culprit.id, field(culprit.id.kind), message, hint(culprit));
    }
    if let Some((id, field)) = cause.and_then(object_of) {
        let hint = format!("see it: `{}`", show(&id));
        return about(&id, &field, message, hint);
    }
    let gateway = &wanted.gateway.name;
    match route.filter(|_| !passes(wanted, passage)) {
        Some(route) => about(
            &route.id,
            "spec",
            message.replacen("is in the way of this egress", "would not be followed", 1),
            format!("see what routes the host: `{}`", list(&route.id.namespace)),
        ),
        None => Conflict {
            severity: Severity::Refusal,
            object: format!("service/{} in namespace {}", gateway.service, gateway.namespace),
            field: "spec.ports".to_owned(),
            message,
            hint: format!(
                "see it: `{}`",
                ShellCommand::show("service", &gateway.service, &gateway.namespace)
            ),
        },
    }
}

/// A requested call that this AuthorizationPolicy refuses.
pub(super) fn of_policy(wanted: &WantedCall<'_>, denial: &Denial<'_>) -> Option<Conflict> {
    let calls = wanted.target().words(wanted.namespace);
    let (policy, field, why) = match denial {
        Denial::Denied { by, rule } => (*by, format!("spec.rules[{rule}]"), "this rule denies them"),
        Denial::NotAllowed { by, nearly } => {
            let nearest = nearly.map(|(policy, _)| policy).or(by.first().copied())?;
            (nearest, "spec.rules".to_owned(), "no rule allows them")
        }
    };
    let kind = "authorizationpolicy";
    Some(Conflict {
        severity: Severity::Refusal,
        object: format!("{kind}/{} in namespace {}", policy.name, policy.namespace),
        field,
        message: format!(
            "is in the way of this egress: {calls} would be refused by {}: {why}",
            wanted.gateway.name
        ),
        hint: format!(
            "change it, or choose another `--gateway`: `{}`",
            ShellCommand::show(&format!("{kind}.security.istio.io"), &policy.name, &policy.namespace)
        ),
    })
}

/// A requested call that goes elsewhere because of this object of the Gateway API.
pub(super) fn of_origin(
    wanted: &WantedCall<'_>,
    passage: &Passage,
    origin: &ApiOrigin,
    related: &RelatedResources,
) -> Conflict {
    let ApiOrigin { kind, namespace, name } = origin;
    let found = related.gateway_api.iter().find(|object| ApiOrigin::of(object) == *origin);
    let names_hosts = found.is_some_and(|object| object.object.spec.get("hostnames").is_some());
    let field = match kind.as_str() {
        "Gateway" => "spec.listeners",
        _ if names_hosts => "spec.hostnames",
        _ => "spec.parentRefs",
    };
    let kind = kind.to_ascii_lowercase();
    Conflict {
        severity: Severity::Refusal,
        object: format!("{kind}/{name} in namespace {namespace}"),
        field: field.to_owned(),
        message: format!(
            "is in the way of this egress: {} would {}",
            wanted.target().words(wanted.namespace),
            ends(wanted, passage)
        ),
        hint: format!(
            "change or remove it: `{}`",
            ShellCommand::show(&format!("{kind}.gateway.networking.k8s.io"), name, namespace)
        ),
    }
}

/// Another call that would end elsewhere because of a planned object.
pub(super) fn of_change(
    target: &TargetCall,
    namespace: &str,
    written: &ObjectId,
    was: &str,
    will: &str,
    theirs: Option<&Resource>,
) -> Conflict {
    let message = format!(
        "would change {}, which are not part of this egress: today they would {was}, afterwards they would {will}",
        target.words(namespace)
    );
    let hint = match theirs {
        Some(theirs) => format!(
            "choose another `--gateway` or `--layout`, or look at {}: `{}`",
            theirs.id,
            show(&theirs.id)
        ),
        None => "choose another `--gateway` or `--layout`".to_owned(),
    };
    about(written, "spec", message, hint)
}

fn about(id: &ObjectId, field: &str, message: String, hint: String) -> Conflict {
    Conflict { severity: Severity::Refusal, object: id.to_string(), field: field.to_owned(), message, hint }
}

/// Whether the call came to a proxy of the gateway.
fn passes(wanted: &WantedCall<'_>, passage: &Passage) -> bool {
    passage.hops.iter().any(|hop| hop.proxy != wanted.caller)
}

fn ends(wanted: &WantedCall<'_>, passage: &Passage) -> String {
    let gateway = &wanted.gateway.name;
    let passed = passes(wanted, passage);
    match &passage.end {
        End::Leaves { .. } if !passed => "leave directly, around the gateway".to_owned(),
        End::Leaves { to, port } => format!("leave through the gateway for {to}:{port}"),
        End::Arrives { pod, .. } => format!("go to pod {pod}"),
        End::Refused(Refusal::NoListener) => format!("find no listener at {gateway}"),
        End::Refused(Refusal::NoRoute) if passed => format!("get 404 from {gateway}"),
        End::Refused(Refusal::Answered(status)) => format!("be answered with {status}"),
        End::Refused(Refusal::Loop) => "go in a circle".to_owned(),
        End::Refused(_) if passed => format!("be refused by {gateway}"),
        End::Refused(Refusal::Blocked) => "be refused by the sidecar".to_owned(),
        End::Refused(_) | End::Undecided => format!("not reach {gateway}"),
    }
}

/// The field that says what an object is for.
fn field(kind: Kind) -> &'static str {
    match kind {
        Kind::VirtualService | Kind::ServiceEntry => "spec.hosts",
        Kind::DestinationRule => "spec.host",
        Kind::Gateway => "spec.servers",
        Kind::Sidecar => "spec.egress",
        Kind::NetworkPolicy | Kind::HttpRoute => "spec",
    }
}

fn hint(object: &Resource) -> String {
    let egress = metadata::host(object).filter(|_| metadata::is_ours(object));
    if let Some(host) = egress {
        return format!(
            "it belongs to the egress of {host} in `{}`: remove that egress, or choose another `--gateway` or `--layout`",
            object.id.namespace
        );
    }
    match object.id.kind {
        Kind::VirtualService | Kind::ServiceEntry | Kind::DestinationRule => {
            format!("remove it, or hide it from these callers with `exportTo`: `{}`", show(&object.id))
        }
        _ => format!("change or remove it: `{}`", show(&object.id)),
    }
}

fn show(id: &ObjectId) -> ShellCommand {
    ShellCommand::show(&id.kind.qualified(), &id.name, &id.namespace)
}

fn list(namespace: &str) -> ShellCommand {
    ShellCommand::new(["kubectl", "egress", "diagnose"]).in_namespace(namespace)
}

/// The reason as a part of a sentence.
fn why(cause: &EndCause<'_>) -> String {
    match cause {
        EndCause::OtherProtocolDeclared { entry, index } => {
            format!("{} declares spec.ports[{index}] for another protocol", entry.id)
        }
        EndCause::TakenBy(other) => format!("virtualservice {other} takes them first"),
        EndCause::Hidden { object: (kind, namespace, name), viewer } => {
            format!("{} {namespace}/{name} is not visible in namespace {viewer}", kind.to_lowercase())
        }
        EndCause::NotDeclared { host } => format!("no Service and no ServiceEntry declares {host}"),
        EndCause::NoPort { host, port, .. } => format!("{host} has no port {port} for this proxy"),
        EndCause::NoSubset { host, subset } => {
            format!("no DestinationRule that the proxy uses has subset `{subset}` of {host}")
        }
        EndCause::NotOpened { pod, port, is_privileged: true, .. } => {
            format!("pod {pod} may not open port {port}: ISTIO_META_UNPRIVILEGED_POD is set")
        }
        EndCause::NotOpened { pod, port, .. } => format!("nothing listens on port {port} of pod {pod}"),
        EndCause::OtherRules { gateway, index, follows } => {
            format!("spec.servers[{index}] of {} follows `{follows}` rules", gateway.id)
        }
        EndCause::NotBound { pod, .. } => {
            format!("no VirtualService of the host is bound to a Gateway object of pod {pod}")
        }
    }
}

/// The object that a cause names, with its field.
fn object_of(cause: &EndCause<'_>) -> Option<(ObjectId, String)> {
    let named = |kind: Kind, namespace: &str, name: &str, field: &str| {
        let id = ObjectId { kind, namespace: namespace.to_owned(), name: name.to_owned() };
        Some((id, field.to_owned()))
    };
    match cause {
        EndCause::OtherProtocolDeclared { entry, index } => {
            Some((entry.id.clone(), format!("spec.ports[{index}].protocol")))
        }
        EndCause::TakenBy(other) => {
            let (namespace, name) = other.split_once('/')?;
            named(Kind::VirtualService, namespace, name, "spec.hosts")
        }
        EndCause::Hidden { object: ("ServiceEntry", namespace, name), .. } => {
            named(Kind::ServiceEntry, namespace, name, "spec.exportTo")
        }
        EndCause::OtherRules { gateway, index, .. } => {
            Some((gateway.id.clone(), format!("spec.servers[{index}].port.protocol")))
        }
        EndCause::Hidden { .. }
        | EndCause::NotDeclared { .. }
        | EndCause::NoPort { .. }
        | EndCause::NoSubset { .. }
        | EndCause::NotOpened { .. }
        | EndCause::NotBound { .. } => None,
    }
}
