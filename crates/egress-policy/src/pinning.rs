//! On which nodes traffic may leave: what every policy demands holds at once, and a gateway fits or does not.
//!
//! Knows nodes, pods and labels as facts. Moves nothing.

mod fit;
mod requirement;

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::Reply;
use super::answer::{EvaluationError, Pin, PinAnswer, Placement};
use super::descriptor::Hook;
use super::policy_set::{LoadedPolicy, PolicySet};
use super::report::{PolicyRef, Report, Status};
use super::request::Request;
use egress_core::intent::GatewayName;
use egress_core::snapshot::{GatewayFacts, NodeFacts};

pub use self::fit::check;
pub use self::requirement::holds;

/// What all answers come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pinning {
    /// The requirements, and their policies. All apply at once.
    pub demands: Vec<Demand>,
    /// One for each policy that was asked.
    pub reports: Vec<Report>,
}

/// What one policy demands of nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Demand {
    /// Who.
    pub by: PolicyRef,
    /// What.
    pub placement: Placement,
}

/// One thing that keeps a gateway from fitting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlacementViolation {
    /// The gateway's Service.
    pub gateway: GatewayName,
    /// The pod; `None`: the gateway as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// The pod's node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// What is missing, and what is there instead.
    pub missing: String,
    /// Who demands it.
    pub by: Vec<PolicyRef>,
    /// It could not be read, so it may be missing or not.
    pub unknown: bool,
}

/// Why no gateway fits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NoFittingGateway {
    /// Everything that is missing, gateway by gateway.
    pub rows: Vec<PlacementViolation>,
    /// How many nodes each policy excludes.
    pub excluded: Vec<Excluded>,
    /// How many ready nodes fulfil everything.
    pub left: usize,
    /// How many nodes there are.
    pub nodes: usize,
}

/// How many nodes one policy excludes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Excluded {
    /// The policy.
    pub by: PolicyRef,
    /// How many of the cluster's nodes it does not accept.
    pub nodes: usize,
}

impl Pinning {
    /// What the answers come to; whether a gateway fits is another question.
    pub fn status(&self) -> Status {
        self.reports.iter().map(Report::status).max().unwrap_or_default()
    }

    /// Whether there is any requirement for nodes.
    pub fn demands_anything(&self) -> bool {
        !self.demands.is_empty()
    }
}

impl NoFittingGateway {
    /// Denied, unless a gateway that could not be read might fit.
    pub fn status(&self) -> Status {
        let known = |row: &PlacementViolation| {
            self.rows.iter().any(|other| other.gateway == row.gateway && !other.unknown)
        };
        if self.rows.iter().all(known) { Status::Denied } else { Status::Undecided }
    }
}

/// Asks everybody who pins and judges what the request wants to do.
pub fn pin(policies: &PolicySet, request: &Request) -> Pinning {
    let mut pinning = Pinning::default();
    let asked = policies.with_hook(Hook::Pinning);
    for loaded in asked.filter(|loaded| loaded.policy.descriptor().judges(&request.verb)) {
        let (report, placement) = ask(loaded, request);
        let by = report.by.clone();
        pinning.reports.push(report);
        pinning.demands.extend(placement.map(|placement| Demand { by, placement }));
    }
    pinning
}

fn ask(loaded: &LoadedPolicy, request: &Request) -> (Report, Option<Placement>) {
    let needs = &loaded.policy.descriptor().needs;
    let Reply { result, log, fuel } = loaded.policy.pin_gateway(&request.for_policy(needs, &loaded.settings));
    let mut report = Report { log, fuel, ..loaded.report(Hook::Pinning) };
    match result.and_then(checked) {
        Ok(pin) => {
            report.trace = pin.trace;
            pin.findings.into_iter().for_each(|finding| report.add_finding(None, finding));
            match pin.answer {
                PinAnswer::Place(placement) if placement != Placement::default() => (report, Some(placement)),
                _ => (report, None),
            }
        }
        Err(fault) => {
            report.fault = Some(fault);
            (report, None)
        }
    }
}

fn checked(pin: Pin) -> Result<Pin, EvaluationError> {
    if let PinAnswer::Place(placement) = &pin.answer {
        let mut requirements = placement.required.iter().chain(&placement.preferred);
        requirements.try_for_each(requirement::check).map_err(EvaluationError::BadAnswer)?;
        if let Some(spread) = &placement.spread {
            requirement::check_key(&spread.key).map_err(EvaluationError::BadAnswer)?;
        }
    }
    Ok(pin)
}

/// The gateway that fits: of several the one that has most of what is preferred, then the first by name. `Ok(None)`:
/// there is no gateway at all.
///
/// # Errors
/// [`NoFittingGateway`] tells of every gateway why it does not fit.
pub fn choose<'a>(
    pinning: &Pinning,
    gateways: &[&'a GatewayFacts],
    nodes: &[NodeFacts],
) -> Result<Option<&'a GatewayFacts>, NoFittingGateway> {
    let mut rows = Vec::new();
    let mut fitting = Vec::new();
    for &gateway in gateways {
        let missing = check(pinning, gateway, nodes);
        if missing.is_empty() {
            fitting.push(gateway);
        }
        rows.extend(missing);
    }
    let rank =
        |gateway: &&GatewayFacts| (Reverse(fit::preferences(pinning, gateway, nodes)), gateway.name.clone());
    match fitting.into_iter().min_by_key(rank) {
        Some(best) => Ok(Some(best)),
        None if gateways.is_empty() => Ok(None),
        None => Err(no_fitting_gateway(pinning, rows, nodes)),
    }
}

fn no_fitting_gateway(
    pinning: &Pinning,
    rows: Vec<PlacementViolation>,
    nodes: &[NodeFacts],
) -> NoFittingGateway {
    let fulfils = |placement: &Placement, node: &NodeFacts| {
        placement.required.iter().all(|required| requirement::holds(required, &node.labels))
    };
    let excluded = pinning.demands.iter().map(|demand| Excluded {
        by: demand.by.clone(),
        nodes: nodes.iter().filter(|node| !fulfils(&demand.placement, node)).count(),
    });
    let all = |node: &&NodeFacts| {
        node.ready && pinning.demands.iter().all(|demand| fulfils(&demand.placement, node))
    };
    NoFittingGateway {
        rows,
        excluded: excluded.collect(),
        left: nodes.iter().filter(all).count(),
        nodes: nodes.len(),
    }
}
