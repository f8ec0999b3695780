//! EG091: no Service has endpoints outside the cluster.

use egress_core::input::Input;
use egress_core::related_resources::{Named, SliceFacts};
use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::snapshot::ServiceFacts;
use egress_core::visibility::virtual_service::destinations;

use crate::finding::{Alteration, CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::kubernetes::endpoints::{LeadingOut, MANAGED_BY, leading_out};
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

mod external_name;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(91),
    name: "no Service has endpoints outside the cluster",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[
        Input::EndpointSlices,
        Input::Services,
        Input::Pods,
        Input::Nodes,
        Input::VirtualServices,
        Input::ServiceEntries,
        Input::Sidecars,
        Input::Mesh,
    ],
    beside_the_walk: "Calls to Services inside the cluster are not followed. This check looks for endpoints that are \
                      outside.",
    docs: "\
## What it checks
Every `EndpointSlice` of a Service, with any author and any labels: its addresses belong to pods or nodes. A public
address is an error. A private address of no pod and no node is a warning, because it may be a machine of the mesh. In
slices that the controller keeps for a Service with a selector, private addresses are not checked, because pods come
and go. A Service of type `ExternalName` in a namespace under `REGISTRY_ONLY`: a ServiceEntry declares its host.

## Why it matters
A sidecar follows all endpoints of a Service. With an address outside the cluster, calls leave directly from the
caller's node, HTTP and TLS, even with `REGISTRY_ONLY`, and no ServiceEntry shows it. A VirtualService can send any
host there.

An `ExternalName` is another name of a host. istiod knows it only where a ServiceEntry declares the host itself. Otherwise
`REGISTRY_ONLY` refuses calls by either name.

## How to fix
Delete the endpoints, and add the host as an egress. RBAC decides who may write endpoints: Kubernetes' own role `edit`
may not.
",
    run: Run::Mesh(run),
};

/// The controller that makes EndpointSlices from `Endpoints`.
const MIRROR: &str = "endpointslicemirroring-controller.k8s.io";

fn run(view: &View<'_>) -> CheckOutcome {
    let read = || {
        let slices = view.endpoint_slices()?;
        Ok((slices, view.services()?, view.all_pods()?, view.readable(Input::Nodes)?))
    };
    let names = external_name::findings(view);
    match read() {
        Err(outcome) if names.is_empty() => outcome,
        Err(_) => CheckOutcome::Bad(names),
        Ok((slices, services, pods, ())) => {
            let found = leading_out(slices, services, pods, view.nodes());
            let looked_at = slices.len().min(services.len());
            let found = found.iter().map(|found| finding(view, found)).chain(names).collect();
            CheckOutcome::of(looked_at, found)
        }
    }
}

fn finding(view: &View<'_>, found: &LeadingOut<'_>) -> Finding {
    let LeadingOut { slice, service, address, is_of_internet } = found;
    let (namespace, name) = (&service.namespace, &service.name);
    let mut evidence = vec!["no pod and no node has this address".to_owned()];
    evidence.push(if service.selector.is_empty() {
        format!("service/{name} in namespace {namespace} has no selector: its endpoints are manual")
    } else {
        format!("service/{name} in namespace {namespace} has a selector: sidecars use these endpoints too")
    });
    evidence.extend(routes(view, service));
    let (level, confidence) = if *is_of_internet {
        (Level::Error, Confidence::Certain)
    } else {
        (Level::Warning, Confidence::Inferred)
    };
    Finding {
        code: CHECK.code,
        confidence,
        level,
        message: format!("service {namespace}/{name} has endpoints outside the cluster"),
        object: Place::new(&slice.spec.kind, Some(namespace), &slice.name).field("addresses", *address),
        evidence,
        consequence: format!(
            "calls to {name}.{namespace} leave directly from the caller's node, even with REGISTRY_ONLY"
        ),
        fix: fix(slice, service),
    }
}

/// VirtualServices that send hosts to the Service.
fn routes(view: &View<'_>, service: &ServiceFacts) -> Vec<String> {
    view.note(Input::VirtualServices);
    let name = format!("{}.{}.svc.", service.name, service.namespace);
    let leads_there = |resource: &&&Resource| {
        let destinations = resource.virtual_service().into_iter().flat_map(destinations);
        destinations
            .map(|host| view.full_host(host, &resource.id.namespace))
            .any(|host| host.starts_with(&name))
    };
    let all = view.index().of_kind(Kind::VirtualService).iter().filter(leads_there);
    all.map(|resource| {
        let hosts = resource.virtual_service().into_iter().flat_map(|spec| spec.hosts.iter().flatten());
        let hosts: Vec<&str> = hosts.map(String::as_str).collect();
        let hosts = list(&hosts);
        format!("{} sends {hosts} there", resource.id)
    })
    .collect()
}

/// A controller would make the slices again: delete the `Endpoints` object instead.
fn fix(slice: &Named<SliceFacts>, service: &ServiceFacts) -> Fix {
    let managed_by = slice.labels.get(MANAGED_BY).map(String::as_str);
    let (kind, name) = if managed_by == Some(MIRROR) || slice.spec.kind == "Endpoints" {
        ("endpoints", &service.name)
    } else {
        ("endpointslice", &slice.name)
    };
    fixes::changed(
        (kind, name, &slice.namespace),
        Alteration::Delete,
        "deletes the endpoints; first ask their owner, and add the host with `kubectl egress add`",
    )
}
