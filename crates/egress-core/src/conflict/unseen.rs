//! What istiod, or the callers' sidecars, never see because of settings of the mesh: whole namespaces, or the gateway's
//! Service.

use std::collections::BTreeSet;

use super::context::Context;
use super::finding::{Conflict, Severity};
use crate::command::ShellCommand;
use crate::dialect::Subset;
use crate::snapshot::{Home, Meshes, ServiceFacts};
use crate::visibility::exported_to;

pub(super) fn conflicts(context: &Context<'_, '_>) -> Vec<Conflict> {
    let mut found = undiscovered(context);
    found.extend(context.callers.iter().filter_map(|caller| hidden_service(context, caller)));
    found
}

/// istiod reads nothing in namespaces that no discovery selector chooses: objects there have no effect, and neither have
/// pods there a proxy. `isSelectedLocked` in `pkg/kube/namespace/filter.go`.
fn undiscovered(context: &Context<'_, '_>) -> Vec<Conflict> {
    let meshes = Meshes::of(context.snapshot);
    if !meshes.tells_apart() {
        return Vec::new();
    }
    let intent = &context.record.intent;
    let named = [&intent.namespace, &intent.gateway.namespace];
    let namespaces: BTreeSet<&String> = named.into_iter().chain(&context.callers).collect();
    let unread = namespaces.into_iter().filter(|namespace| meshes.home(namespace) == Home::Undiscovered);
    unread
        .map(|namespace| {
            setting(
                context,
                "discoverySelectors",
                format!("makes istiod ignore namespace `{namespace}`: objects and pods there have no effect"),
                format!(
                    "give the namespace a label that one of the selectors matches: `{}`",
                    ShellCommand::new(["kubectl", "get"])
                        .object("namespace", namespace)
                        .word("--show-labels")
                ),
            )
        })
        .collect()
}

/// Routes of callers that do not see the gateway's Service lead to a cluster that their sidecars do not have.
/// `serviceExportTo` in `pilot/pkg/model/push_context.go`.
fn hidden_service(context: &Context<'_, '_>, caller: &str) -> Option<Conflict> {
    // In this layout sidecars look the name of the Service up and need not know it.
    if context.dialect().subset == Subset::None {
        return None;
    }
    let gateway = &context.record.intent.gateway;
    let is_it =
        |service: &&ServiceFacts| service.namespace == gateway.namespace && service.name == gateway.service;
    let own = context.snapshot.services.iter().find(is_it)?.export_to.as_deref();
    let usual = &context.snapshot.mesh.default_export_to.services;
    if exported_to(Some(own.unwrap_or(usual)), &gateway.namespace, caller) {
        return None;
    }
    let message = format!(
        "hides the gateway's Service {gateway} from the callers in `{caller}`: every call to the gateway would fail"
    );
    let annotate = ShellCommand::new(["kubectl", "annotate"])
        .object("service", &gateway.service)
        .in_namespace(&gateway.namespace)
        .words(["--overwrite", "networking.istio.io/exportTo=*"]);
    let hint = format!("show the Service to them: `{annotate}`");
    Some(match own {
        Some(_) => Conflict {
            severity: Severity::Refusal,
            object: format!("service/{} in namespace {}", gateway.service, gateway.namespace),
            field: "metadata.annotations[networking.istio.io/exportTo]".to_owned(),
            message,
            hint,
        },
        None => setting(context, "defaultServiceExportTo", message, hint),
    })
}

/// A refusal because of a field of the mesh configuration.
fn setting(context: &Context<'_, '_>, field: &str, message: String, hint: String) -> Conflict {
    let (namespace, name) = context.snapshot.mesh.config_map();
    Conflict {
        severity: Severity::Refusal,
        object: format!("configmap/{name} in namespace {namespace}"),
        field: field.to_owned(),
        message,
        hint,
    }
}
