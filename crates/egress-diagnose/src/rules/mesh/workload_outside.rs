//! EG107: no WorkloadEntry leads outside the cluster.

use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::label_selector::has_labels;
use egress_core::related_resources::{Named, WorkloadEntryFacts};
use egress_istio::service_entry::ServiceEntryLocation;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place, Readable};
use crate::fixes;
use crate::kubernetes::endpoints::is_of_internet;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(107),
    name: "no WorkloadEntry leads outside the cluster",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[Input::WorkloadEntries, Input::Services, Input::ServiceEntries, Input::Gateways, Input::Mesh],
    beside_the_walk: "Calls to Services inside the cluster are not followed. This check looks for endpoints that are \
                      outside.",
    docs: "\
## What it checks
Every `WorkloadEntry` that a Service of its namespace selects, or a ServiceEntry for hosts inside the mesh
(`MESH_INTERNAL`): its address. A public address is an error, and a name outside the cluster's domain a warning, because it
may be a machine of the mesh. With a service account, which machines of the mesh have, a public address is a warning. An
entry with a `network` is reached through a gateway and is not checked. ServiceEntries for hosts outside the mesh are
checked by EG014.

## Why it matters
Istio takes a WorkloadEntry for one more pod of the Service. Calls to the Service then leave directly from the caller's
node, even with `REGISTRY_ONLY`, and no ServiceEntry shows the host.

## How to fix
Delete the WorkloadEntry, and add the host as an egress. RBAC decides who may write WorkloadEntries.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    findings(view).unwrap_or_else(|outcome| outcome)
}

fn findings(view: &View<'_>) -> Readable<CheckOutcome> {
    let entries = view.workload_entries()?;
    if entries.is_empty() || view.gateways().is_empty() {
        return Ok(CheckOutcome::NotApplicable);
    }
    let (mut looked_at, mut found) = (0, Vec::new());
    for entry in entries {
        let Some((selecting, called)) = selected_by(view, entry)? else { continue };
        looked_at += 1;
        found.extend(finding(view, entry, &selecting, &called));
    }
    Ok(CheckOutcome::of(looked_at, found))
}

/// The object that takes a WorkloadEntry for its endpoint, and the host that is called then.
fn selected_by(view: &View<'_>, entry: &Named<WorkloadEntryFacts>) -> Readable<Option<(String, String)>> {
    let mut labels = entry.labels.clone();
    labels.extend(entry.spec.labels.clone());
    // `workloadInstanceHandler` in `pilot/pkg/serviceregistry/kube/controller/controller.go`: of one namespace.
    let services = view.services()?.iter().filter(|service| service.namespace == entry.namespace);
    let mut services = services.filter(|service| !service.selector.is_empty());
    if let Some(service) = services.find(|service| has_labels(&labels, &service.selector)) {
        let called = format!("{}.{}", service.name, service.namespace);
        return Ok(Some((format!("service/{}", service.name), called)));
    }
    let selecting =
        view.service_entries().filter(|resource| resource.id.namespace == entry.namespace).find(|resource| {
            resource.service_entry().is_some_and(|spec| {
                let selector = spec.workload_selector.as_ref().and_then(|selector| selector.labels.as_ref());
                spec.location == Some(ServiceEntryLocation::MeshInternal)
                    && selector.is_some_and(|wanted| !wanted.is_empty() && has_labels(&labels, wanted))
            })
        });
    Ok(selecting.map(|resource| {
        let hosts = resource.service_entry().map(|spec| spec.hosts.join(", ")).unwrap_or_default();
        (format!("serviceentry/{}", resource.id.name), hosts)
    }))
}

fn finding(
    view: &View<'_>,
    entry: &Named<WorkloadEntryFacts>,
    selecting: &str,
    called: &str,
) -> Option<Finding> {
    let WorkloadEntryFacts { address, network, service_account, .. } = &entry.spec;
    let address = address.as_deref()?;
    if network.is_some() || address.starts_with("unix:") {
        return None;
    }
    let is_address = address.parse::<std::net::IpAddr>().is_ok();
    let is_inside = if is_address {
        !is_of_internet(address)
    } else {
        address.ends_with(&format!(".{}", view.mesh().cluster_domain)) || !address.contains('.')
    };
    if is_inside {
        return None;
    }
    let is_certain = is_address && service_account.is_none();
    Some(Finding {
        code: CHECK.code,
        confidence: if is_certain { Confidence::Certain } else { Confidence::Inferred },
        level: if is_certain { Level::Error } else { Level::Warning },
        message: format!("{} of namespace {} leads outside the cluster", entry.name, entry.namespace),
        object: Place::new("WorkloadEntry", Some(&entry.namespace), &entry.name)
            .field("spec.address", address),
        evidence: vec![format!("{selecting} selects it")],
        consequence: format!(
            "calls to {called} leave directly from the caller's node, even with REGISTRY_ONLY"
        ),
        fix: fixes::fix(
            ShellCommand::delete("workloadentry", &entry.name, &entry.namespace),
            "deletes it; first ask its owner, and add the host with `kubectl egress add`",
        ),
    })
}
