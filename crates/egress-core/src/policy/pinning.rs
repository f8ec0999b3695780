//! On which nodes traffic may leave: what every policy demands holds at once, and a gateway fits or does not.
//!
//! Knows nodes, pods and labels as facts. Moves nothing.

use serde::Serialize;

use super::answer::Placement;
use super::member::Assembly;
use super::report::{Author, Report, Status};
use super::request::Request;
use crate::intent::GatewayName;
use crate::snapshot::{GatewayFacts, NodeFacts};

/// What all answers come to.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pinning {
    /// What is demanded, and by whom. All of it holds at once.
    pub demands: Vec<Demand>,
    /// One for each policy that was asked.
    pub reports: Vec<Report>,
}

/// What one policy demands of nodes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Demand {
    /// Who.
    pub by: Author,
    /// What.
    pub placement: Placement,
}

/// One thing that keeps a gateway from fitting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The gateway's Service.
    pub gateway: GatewayName,
    /// The pod; `None`: the gateway as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// The pod's node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// What is missing.
    pub missing: String,
    /// Who demands it.
    pub by: Vec<Author>,
    /// It could not be looked at, so that nobody knows whether it is missing.
    pub unknown: bool,
}

/// Why no gateway fits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Misfit {
    /// Everything that is missing, gateway by gateway.
    pub rows: Vec<Row>,
    /// How many nodes each policy excludes.
    pub excluded: Vec<Excluded>,
    /// How many nodes fulfil everything.
    pub left: usize,
    /// How many nodes there are.
    pub nodes: usize,
}

/// How many nodes one policy excludes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Excluded {
    /// The policy.
    pub by: Author,
    /// How many of the cluster's nodes it does not accept.
    pub nodes: usize,
}

impl Pinning {
    /// What the answers come to; whether a gateway fits is another question.
    pub fn status(&self) -> Status {
        self.reports.iter().map(Report::status).max().unwrap_or_default()
    }

    /// Whether anything is demanded of nodes.
    pub fn demands_anything(&self) -> bool {
        !self.demands.is_empty()
    }
}

/// Asks everybody who pins.
pub fn pin(assembly: &Assembly, request: &Request) -> Pinning {
    let _ = (assembly, request);
    Pinning::default()
}

/// The gateway that fits: of several the one that has most of what is preferred, then the first by name. `Ok(None)`:
/// there is no gateway at all.
///
/// # Errors
/// [`Misfit`] tells of every gateway why it does not fit.
pub fn choose<'a>(
    pinning: &Pinning,
    gateways: &'a [GatewayFacts],
    nodes: &[NodeFacts],
) -> Result<Option<&'a GatewayFacts>, Misfit> {
    let _ = (pinning, gateways, nodes);
    Err(Misfit::default())
}

/// What keeps one gateway from fitting; nothing: it fits.
pub fn check(pinning: &Pinning, gateway: &GatewayFacts, nodes: &[NodeFacts]) -> Vec<Row> {
    let _ = (pinning, gateway, nodes);
    Vec::new()
}
