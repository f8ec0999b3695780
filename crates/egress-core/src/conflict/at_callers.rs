//! What the callers' sidecars see besides this egress: other routes, other entries, hidden subsets, closed Sidecars.

use std::collections::BTreeMap;

use super::context::Context;
use super::finding::{Conflict, Severity, conflict, refusal};
use crate::command::ShellCommand;
use crate::dialect::shared;
use crate::dialect::{Subset, Upstream};
use crate::resource::Resource;
use crate::role::{Kind, Role};
use crate::visibility::destination_rule::{ServiceHost, destination_rules, subset};
use crate::visibility::{exported_to, service_entry, sidecar, virtual_service};

pub(super) fn conflicts(context: &Context<'_, '_>) -> Vec<Conflict> {
    let mut found: Vec<Conflict> = kubernetes_service(context).into_iter().collect();
    for caller in &context.callers {
        found.extend(other_routes(context, caller));
        found.extend(other_entries(context, caller));
        found.extend(hidden_subset(context, caller));
        found.extend(other_rules_of_the_hop(context, caller));
        found.extend(closed_sidecar(context, caller));
    }
    found.extend(hides_shared_subset(context));
    found
}

/// A Service's own name wins over any ServiceEntry of the same host.
fn kubernetes_service(context: &Context<'_, '_>) -> Option<Conflict> {
    let domain = &context.snapshot.mesh.cluster_domain;
    let full = |name: &str, namespace: &str| format!("{name}.{namespace}.svc.{domain}");
    let service = context
        .snapshot
        .services
        .iter()
        .find(|service| full(&service.name, &service.namespace) == context.host())?;
    Some(Conflict {
        severity: Severity::Refusal,
        object: format!("service/{} in namespace {}", service.name, service.namespace),
        field: "metadata.name".to_owned(),
        message: format!("has the host name `{}`: calls to it stay in the cluster", context.host()),
        hint: "an egress is for hosts outside the cluster".to_owned(),
    })
}

/// For HTTP a sidecar takes one VirtualService of a host and ignores the others.
fn other_routes(context: &Context<'_, '_>, caller: &str) -> Vec<Conflict> {
    let routes = context.others(context.cluster.virtual_services(context.host()));
    let routes = virtual_service::mesh_virtual_services(routes, context.host(), caller);
    let exact = routes.into_iter().filter(|routes| virtual_service::is_exact(routes, context.host()));
    exact
        .map(|routes| {
            let message = format!(
                "already routes `{}` for the callers in `{caller}`; Istio uses only one of the two",
                context.host()
            );
            let shown =
                ShellCommand::show(&Kind::VirtualService.qualified(), &routes.id.name, &routes.id.namespace);
            let hint = format!("remove it, or hide it from them with `exportTo`: `{shown}`");
            refusal(routes, "spec.hosts", message, hint)
        })
        .collect()
}

/// Entries of others make the host known to sidecars without our routes. What the gateway sees of them is told by
/// [`answering`](super::answering).
fn other_entries(context: &Context<'_, '_>, caller: &str) -> Vec<Conflict> {
    let intent = &context.record.intent;
    let own = context.wanted.iter().find(|part| part.role == Role::Client).map(|part| &part.resource);
    let own = own.map(|own| context.cluster.find(&own.id).unwrap_or(own));
    let entries = service_entry::service_entries(
        context.other_entries(context.host()).chain(own),
        context.host(),
        caller,
    );
    let exact = entries.into_iter().filter(|entry| service_entry::is_exact(entry, context.host()));
    let mut before_own = true;
    exact
        .filter_map(|entry| {
            if context.is_wanted(entry) {
                before_own = false;
                return None;
            }
            let export_to = entry.service_entry().and_then(|spec| spec.export_to.as_deref());
            if context.dialect().upstream == Upstream::Host
                && exported_to(export_to, &entry.id.namespace, &intent.gateway.namespace)
            {
                return None;
            }
            // What a namespace declares for its own pods is its own business.
            if before_own && entry.id.namespace != caller {
                let message = format!(
                    "comes before this egress for `{}` and the callers in `{caller}`: they would use its ports and \
                     addresses",
                    context.host()
                );
                let hint = "remove it, or name the callers: `--export-to NAMESPACE` comes before a public \
                            ServiceEntry";
                return Some(refusal(entry, "spec.exportTo", message, hint.to_owned()));
            }
            let message = format!(
                "also declares `{}`: namespaces that see it but not this egress can leave directly",
                context.host()
            );
            let hint = "remove it if nobody needs direct egress".to_owned();
            Some(conflict(Severity::Warning, entry, "spec.exportTo", message, hint))
        })
        .collect()
}

/// The mesh leg may name a subset of all egresses; a DestinationRule nearer to the callers hides the one that has it.
fn hidden_subset(context: &Context<'_, '_>, caller: &str) -> Option<Conflict> {
    let intent = &context.record.intent;
    let Subset::OfGateway(name) = context.dialect().subset else { return None };
    let host = intent.gateway.service_host(&context.snapshot.mesh.cluster_domain);
    let destination = ServiceHost { host: &host, namespace: &intent.gateway.namespace };
    let pair = context.wanted.iter().find(|part| part.role == Role::SharedDestinationRule);
    let pair = pair.map(|part| &part.resource).filter(|pair| context.cluster.find(&pair.id).is_none());
    let rules = context.cluster.destination_rules_of_service(&host);
    let used = destination_rules(rules.into_iter().chain(pair), &context.snapshot.mesh, destination, caller);
    let first = used.first().filter(|_| subset(&used, name).is_none())?;
    let message =
        format!("hides the subset `{name}` of the gateway from `{caller}`: every HTTP call would answer 503");
    let hint =
        "remove it, or move its settings to the shared DestinationRule's namespace with the same `exportTo`";
    Some(refusal(first, "spec.host", message, hint.to_owned()))
}

/// Where sidecars send to the host itself, a DestinationRule of the host says how: of several one decides.
fn other_rules_of_the_hop(context: &Context<'_, '_>, caller: &str) -> Vec<Conflict> {
    if context.dialect().subset != Subset::None {
        return Vec::new();
    }
    let own = context.wanted.iter().filter(|part| part.role == Role::DestinationRule);
    let own = own.map(|part| &part.resource);
    let others = context.others(context.cluster.destination_rules(context.host()));
    let destination = ServiceHost { host: context.host(), namespace: &context.record.intent.namespace };
    let used = destination_rules(others.chain(own), &context.snapshot.mesh, destination, caller);
    let others = used.into_iter().filter(|rule| !context.is_wanted(rule));
    let message = || {
        format!(
            "also says how `{caller}` speaks to `{}`: calls to the gateway may not be in mesh mTLS and fail",
            context.host()
        )
    };
    let hint = |rule: &Resource| {
        let shown = ShellCommand::show(&Kind::DestinationRule.qualified(), &rule.id.name, &rule.id.namespace);
        format!("remove it, or use `--layout shared`: `{shown}`")
    };
    others.map(|rule| refusal(rule, "spec.host", message(), hint(rule))).collect()
}

/// A DestinationRule of the callers' namespace would hide the shared subset from them.
fn hides_shared_subset(context: &Context<'_, '_>) -> Option<Conflict> {
    let intent = &context.record.intent;
    let uses_subset = |resource: &&Resource| {
        crate::metadata::role(resource) == Some(Role::MeshLeg)
            && resource.id.namespace == intent.namespace
            && crate::metadata::is_ours(resource)
            && resource.virtual_service().is_some_and(|spec| {
                let routes = spec.http.iter().flatten().flat_map(|rule| rule.route.iter().flatten());
                routes.into_iter().any(|route| route.destination.subset.as_deref() == Some(shared::SUBSET))
            })
    };
    if context.dialect().subset != Subset::OfHost {
        return None;
    }
    let shared = context.others(context.cluster.of_kind(Kind::VirtualService)).find(uses_subset)?;
    let message = format!(
        "uses the shared layout in `{}`; the documented layout's DestinationRule would hide its subset",
        intent.namespace
    );
    let hint = "use `--layout shared`, or remove the namespace's shared egresses first".to_owned();
    Some(refusal(shared, "spec.http", message, hint))
}

/// A Sidecar that does not import the host hides this egress from its pods.
fn closed_sidecar(context: &Context<'_, '_>, caller: &str) -> Vec<Conflict> {
    let sidecars = || context.cluster.of_kind(Kind::Sidecar);
    if sidecars().next().is_none() {
        return Vec::new();
    }
    let intent = &context.record.intent;
    let pods = context.snapshot.pods.iter().filter(|pod| pod.namespace == *caller && pod.has_sidecar);
    let no_labels = BTreeMap::new();
    let mut labels: Vec<&BTreeMap<String, String>> = pods.map(|pod| &pod.labels).collect();
    if labels.is_empty() {
        labels.push(&no_labels);
    }
    let root = &context.snapshot.mesh.root_namespace;
    let applying =
        labels.into_iter().filter_map(|labels| sidecar::sidecar_for(sidecars(), root, caller, labels));
    let closed = applying.filter(|found| {
        let imports = |port: u16| sidecar::imports(found, caller, &intent.namespace, context.host(), port);
        !intent.ports.iter().all(|port| imports(port.number))
    });
    closed
        .map(|found| {
            let message = format!("does not let the pods in `{caller}` see `{}`", context.host());
            let hint = format!("add `{}/{}` to its `spec.egress[].hosts`", intent.namespace, context.host());
            refusal(found, "spec.egress", message, hint)
        })
        .collect()
}
