//! EG044: the compared clusters have the same egress for the host.

use egress_core::input::Input;

use crate::facts::OtherEgress;
use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(44),
    name: "the compared clusters have the same egress for the host",
    level: Level::Warning,
    segment: PathSegment::Objects,
    inputs: &[Input::Fleet],
    beside_the_walk: "It compares clusters. Calls are followed in one.",
    docs: "\
## What it checks
With `--beside BUNDLE`: every cluster of a given bundle has an egress for the host in the same namespace, on the same
ports, through a gateway of the same name, with the same settings.

## Why it matters
An application that runs in several clusters, or fails over to another one, finds a host open in one cluster and
refused in the next. A host with an egress in only one cluster is often a leftover.

## How to fix
Add the host where it is missing, or remove the leftover.
",
    run: Run::Path(run),
};

/// Another cluster, and its egress for the host.
type There<'a> = (&'a str, Option<&'a OtherEgress>);

fn run(view: &View<'_>, path: &EgressPath<'_>) -> CheckOutcome {
    let fleet = view.fleet();
    let Some(namespace) = &path.namespace else { return CheckOutcome::NotApplicable };
    let here = OtherEgress::of(path);
    // EG062 reports a requested host without an egress here.
    if fleet.is_empty() || (here.is_none() && path.is_wanted) {
        return CheckOutcome::NotApplicable;
    }
    if let Some((cluster, why)) =
        fleet.iter().find_map(|other| Some((&other.name, other.unreadable.as_ref()?)))
    {
        return CheckOutcome::Unreadable(format!("the bundle of cluster {cluster} is incomplete: {why}"));
    }
    let others: Vec<There<'_>> =
        fleet.iter().map(|other| (other.name.as_str(), other.egress(namespace, &path.host))).collect();
    let finding = match here {
        Some(here) => differs(path, &here, &others),
        None => missing_here(path, namespace, &others),
    };
    CheckOutcome::of(others.len(), finding.into_iter().collect())
}

/// How the other clusters differ.
fn differs(path: &EgressPath<'_>, here: &OtherEgress, others: &[There<'_>]) -> Option<Finding> {
    let told = |(cluster, there): &There<'_>| {
        let what = match there {
            None => "has no egress for it".to_owned(),
            Some(there) => {
                let differences = there.differences(here);
                (!differences.is_empty()).then(|| format!("has {}", list(&differences)))?
            }
        };
        Some((cluster.to_string(), format!("cluster {cluster} {what}")))
    };
    let (clusters, evidence): (Vec<String>, Vec<String>) = others.iter().filter_map(told).unzip();
    let egress = path.egress.filter(|_| !clusters.is_empty())?;
    let object = egress.parts.first().map(|part| Place::of(&part.resource.id));
    let (host, clusters) = (&path.host, clusters_named(&clusters));
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("{host} has another egress in {clusters}, or none"),
        object: object.unwrap_or_else(|| Place::new("Namespace", None, &egress.namespace)),
        evidence,
        consequence: format!(
            "calls from {} to {host} take another path, or fail, in {clusters}",
            egress.namespace
        ),
        fix: fixes::add(path, &format!("makes it the same; `--context` chooses {clusters}")),
    })
}

fn missing_here(path: &EgressPath<'_>, namespace: &str, others: &[There<'_>]) -> Option<Finding> {
    let having = others.iter().filter_map(|(cluster, there)| Some((*cluster, (*there)?)));
    let (clusters, egresses): (Vec<&str>, Vec<&OtherEgress>) = having.unzip();
    let first = egresses.first()?;
    let (host, clusters) = (&path.host, clusters_named(&clusters));
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("{host} has an egress in {clusters}, but not in this cluster"),
        object: Place::new("Namespace", None, namespace),
        evidence: vec![format!("no object of this cluster routes {host} to a gateway for {namespace}")],
        consequence: format!("calls from {namespace} to {host} take another path, or fail, here"),
        fix: fixes::add_as(first, &format!("adds the egress that {clusters} has")),
    })
}

/// `cluster east`, `clusters east and north`.
fn clusters_named(names: &[impl AsRef<str>]) -> String {
    format!("{} {}", if names.len() == 1 { "cluster" } else { "clusters" }, list(names))
}
