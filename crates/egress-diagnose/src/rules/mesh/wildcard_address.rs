//! EG069: the server behind a wildcard gets no auto-allocated address.

use std::collections::BTreeMap;

use egress_core::input::Input;
use egress_core::resource::Resource;
use egress_core::role::Kind;
use egress_core::visibility::host_matches;
use egress_core::visibility::virtual_service::MESH;
use egress_istio::service_entry::ServiceEntryResolution;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::routes::routes;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(69),
    name: "the server behind a wildcard gets no auto-allocated address",
    level: Level::Error,
    segment: PathSegment::Mesh,
    inputs: &[Input::ServiceEntries, Input::VirtualServices, Input::Gateways, Input::Mesh],
    beside_the_walk: "Calls are followed to one address. This check is about the other names of the wildcard.",
    docs: "\
## What it checks
If sidecars capture DNS: the ServiceEntry of the one server behind a wildcard such as `*.wikipedia.org` has the label
`networking.istio.io/enable-autoallocate-ip: \"false\"`, or addresses.

## Why it matters
With DNS capture, Istio allocates an address for each host without addresses. The sidecar then listens for the
wildcard's server only on that address. All other names of the wildcard resolve to real addresses without a listener:
their calls are refused or leave directly (istio/istio#42238).

## How to fix
Set the label on the ServiceEntry.
",
    run: Run::Mesh(run),
};

const LABEL: &str = "networking.istio.io/enable-autoallocate-ip";

fn run(view: &View<'_>) -> CheckOutcome {
    let told = |name: &str| view.mesh().proxy_metadata.get(name).map(String::as_str);
    if told("ISTIO_META_DNS_CAPTURE") != Some("true") {
        return CheckOutcome::NotApplicable;
    }
    view.note(Input::ServiceEntries);
    view.note(Input::VirtualServices);
    let services: Vec<String> = view.gateways().iter().map(|gateway| view.service_host(gateway)).collect();
    let stars = stars(view, &services);
    if stars.is_empty() {
        return CheckOutcome::NotApplicable;
    }
    let entries = view.index().of_kind(Kind::ServiceEntry).iter().copied();
    let found = entries.filter(|entry| is_given_an_address(entry)).filter_map(|entry| {
        let mut hosts = entry.service_entry()?.hosts.iter();
        let (host, star) =
            hosts.find_map(|host| Some((host, stars.keys().find(|star| host_matches(star, host))?)))?;
        Some(finding(entry, host, star, stars.get(star)?))
    });
    CheckOutcome::of(stars.len(), found.collect())
}

/// The wildcards that sidecars route to a gateway by SNI.
fn stars<'a>(view: &View<'a>, services: &[String]) -> BTreeMap<String, &'a Resource> {
    let all = view.index().of_kind(Kind::VirtualService).iter().copied();
    let hosts = all.filter_map(|it| Some((it, it.virtual_service()?.hosts.as_ref()?)));
    let each = hosts.flat_map(|(resource, hosts)| hosts.iter().map(move |host| (resource, host)));
    let leads = |resource: &Resource, star: &str| {
        let found = routes(resource, MESH, &star.replacen('*', "any", 1));
        found.iter().any(|route| services.iter().any(|service| service == route.host))
    };
    each.filter(|(resource, host)| host.starts_with("*.") && leads(resource, host))
        .map(|(resource, host)| (host.clone(), resource))
        .collect()
}

/// `ip_autoallocation.go` in `pilot/pkg/networking/serviceentry`.
fn is_given_an_address(entry: &Resource) -> bool {
    let Some(spec) = entry.service_entry() else { return false };
    let resolved = !matches!(spec.resolution, None | Some(ServiceEntryResolution::None));
    resolved
        && spec.addresses.as_ref().is_none_or(Vec::is_empty)
        && entry.labels.get(LABEL).is_none_or(|value| value != "false")
}

fn finding(entry: &Resource, host: &str, star: &str, taken: &Resource) -> Finding {
    let labelled = (&*entry.id.kind.qualified(), &*entry.id.name, &*entry.id.namespace);
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("{host} serves {star}, and Istio allocates an address for it"),
        object: Place::of(&entry.id).field(format!("metadata.labels[{LABEL}]"), "not false"),
        evidence: vec![
            format!("{} routes {star} to the gateway", taken.id),
            "the mesh configuration sets ISTIO_META_DNS_CAPTURE".to_owned(),
        ],
        consequence: format!(
            "calls to names of {star} other than {host} find no listener: they are refused, or leave directly"
        ),
        fix: fixes::label(labelled, (LABEL, Some("false")), "keeps the host on its real addresses"),
    }
}
