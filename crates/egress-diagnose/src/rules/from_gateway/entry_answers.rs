//! EG083: no other ServiceEntry takes over the host at the gateway.

use egress_core::input::Input;
use egress_core::inventory::Egress;
use egress_core::inventory::answering::{Answering, Rank, answering, upstream};
use egress_core::resource::Resource;
use egress_core::snapshot::{GatewayFacts, created};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::export_to;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(83),
    name: "no other ServiceEntry takes over the host at the gateway",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::ServiceEntries],
    beside_the_walk: "A followed call shows one ServiceEntry. This check also warns of those that take over once the \
                      egress is written again.",
    docs: "\
## What it checks
All ServiceEntries that declare the gateway's destination host and that the gateway's namespace sees, in istiod's
order: first those exported to it by name, then public ones; among equals the older first, and within one second by
the name of the namespace. The first must be the egress's own. Another ServiceEntry in the same namespace always
counts, whatever its `exportTo`: istiod merges the endpoints of both.

## Why it matters
A gateway has one cluster for a host, and the cluster's name contains no namespace. The first ServiceEntry decides
where every call goes, and nothing else at the gateway looks different. A younger ServiceEntry takes over once the
egress is recreated.

## How to fix
Find out who wrote the other ServiceEntry, and delete it. If you do not trust a namespace, let the API server refuse
such ServiceEntries.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let Some(egress) = path.egress else { return CheckOutcome::NotApplicable };
    let upstream = upstream(egress);
    let mut findings: Vec<Finding> = others(view, egress)
        .iter()
        .filter_map(|other| finding(path, egress, gateway, &upstream, other))
        .collect();
    // Of several that would take over later, only the first is reported.
    if let Some(first) = findings.iter().position(|finding| finding.level != Level::Error) {
        findings.truncate(first + 1);
    }
    if findings.is_empty() {
        // A hand-made egress may have no ServiceEntry of its own that another could take over.
        let own = egress.parts.iter().filter_map(|part| part.resource.service_entry());
        let own = own.filter(|spec| spec.hosts.contains(&upstream)).count();
        return view.sees(None).map_or_else(CheckOutcome::Unreadable, |()| CheckOutcome::of(own, findings));
    }
    CheckOutcome::Bad(findings)
}

fn others<'a>(view: &'a View<'_>, egress: &'a Egress<'_>) -> Vec<Answering<'a>> {
    view.note(Input::ServiceEntries);
    answering(egress, view.index())
}

/// Another ServiceEntry is a fault if it leads elsewhere. If it leads to the host, its owner can change that at any time:
/// that is a fault only for a host name that no one else has a reason to declare.
fn finding(
    path: &EgressPath<'_>,
    egress: &Egress<'_>,
    gateway: &GatewayFacts,
    upstream: &str,
    other: &Answering<'_>,
) -> Option<Finding> {
    let has_own_name = upstream != path.host;
    let level = match (other.rank, other.leads_to_host) {
        (Rank::Before | Rank::Beside, false) => Level::Error,
        (Rank::Before | Rank::Beside, true) if has_own_name => Level::Error,
        (Rank::After, _) if has_own_name => Level::Warning,
        _ => return None,
    };
    let own = egress.parts.iter().map(|part| part.resource);
    let own = own
        .filter(|part| part.service_entry().is_some_and(|spec| spec.hosts.iter().any(|it| it == upstream)));
    let own = own.min_by_key(|part| created(part));
    // A hand-made egress may use a ServiceEntry of another owner, such as the platform team.
    if egress.layout.is_none() && own.is_none() {
        return None;
    }
    let entry = other.entry;
    let field = entry.service_entry().and_then(|spec| spec.hosts.iter().position(|host| host == upstream));
    let namespace = &entry.id.namespace;
    let leads = leads_to(entry);
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level,
        message: match other.rank {
            Rank::Before => {
                format!("a ServiceEntry of namespace {namespace} takes over {} at the gateway", path.host)
            }
            Rank::Beside => {
                format!("another ServiceEntry adds its endpoints to {} at the gateway", path.host)
            }
            Rank::After => {
                format!("a ServiceEntry of namespace {namespace} will take over {} at the gateway", path.host)
            }
        },
        object: Place::of(&entry.id).field(format!("spec.hosts[{}]", field.unwrap_or_default()), upstream),
        evidence: vec![age(entry, own, gateway, other.rank), format!("it leads to {leads}")],
        consequence: match other.rank {
            Rank::Before => format!("calls to {} leave the gateway for {leads}", path.host),
            Rank::Beside => format!("some calls to {} leave the gateway for {leads}", path.host),
            Rank::After => {
                format!(
                    "if the ServiceEntry of {} is recreated, calls leave the gateway for {leads}",
                    path.host
                )
            }
        },
        fix: fixes::delete(
            entry,
            "leaves only the egress's ServiceEntry; first find out who wrote this one, and why",
        ),
    })
}

/// Why istiod prefers one of the two.
fn age(entry: &Resource, own: Option<&Resource>, gateway: &GatewayFacts, rank: Rank) -> String {
    let when = |entry: &Resource| {
        let time = created(entry).map(|time| format!(", created {time}"));
        format!("exported to `{}`{}", export_to(entry).join(", "), time.unwrap_or_default())
    };
    let own = match own {
        Some(own) => format!("the egress's own ServiceEntry is {}", when(own)),
        None => "the egress has no ServiceEntry of its own".to_owned(),
    };
    let rule = match rank {
        Rank::Beside => "istiod merges the endpoints of one host in one namespace".to_owned(),
        Rank::Before | Rank::After => {
            format!("istiod uses one ServiceEntry for the pods in {}", gateway.name.namespace)
        }
    };
    format!("it is {}; {own}; {rule}", when(entry))
}

/// Where a ServiceEntry sends calls.
fn leads_to(entry: &Resource) -> String {
    const SHOWN: usize = 3;
    let Some(spec) = entry.service_entry() else { return "nowhere".to_owned() };
    let addresses: Vec<&str> =
        spec.endpoints.iter().flatten().filter_map(|endpoint| endpoint.address.as_deref()).collect();
    match addresses.as_slice() {
        _ if spec.workload_selector.is_some() => "the pods of its selector".to_owned(),
        [] => "the addresses that DNS returns for its name".to_owned(),
        some if some.len() <= SHOWN => some.join(", "),
        some => {
            let shown: Vec<&str> = some.iter().take(SHOWN).copied().collect();
            format!("{} and {} more", shown.join(", "), some.len() - SHOWN)
        }
    }
}
