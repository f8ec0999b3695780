//! Whether one gateway fits: the nodes of its ready pods, against all requirements.

use std::collections::{BTreeMap, BTreeSet};

use super::{Demand, Pinning, PlacementViolation, requirement};
use crate::answer::Placement;
use crate::report::PolicyRef;
use egress_core::snapshot::{GatewayFacts, NodeFacts, PodFacts};

/// Why one gateway does not fit; empty: it fits, or there is no requirement.
///
/// A pod that is not ready carries no traffic, and may be anywhere. A gateway that could not be read does not fit.
pub fn check(pinning: &Pinning, gateway: &GatewayFacts, nodes: &[NodeFacts]) -> Vec<PlacementViolation> {
    if !pinning.demands_anything() {
        return Vec::new();
    }
    let mut rows = Rows { gateway, rows: Vec::new() };
    let everybody: Vec<PolicyRef> = pinning.demands.iter().map(|demand| demand.by.clone()).collect();
    let mut used: BTreeMap<&str, &NodeFacts> = BTreeMap::new();
    for pod in gateway.ready_pods() {
        match pod.node.as_deref().map(|name| (name, nodes.iter().find(|node| node.name == name))) {
            Some((name, Some(node))) => {
                used.insert(name, node);
                if !node.ready {
                    rows.add(Some(pod), "a node that is ready".to_owned(), &everybody);
                }
                pinning.demands.iter().for_each(|demand| rows.add_labels(pod, node, demand));
            }
            Some((_, None)) => rows.add_unknown(Some(pod), "the node could not be read", &everybody),
            None => rows.add_unknown(Some(pod), "its node is not known", &everybody),
        }
    }
    if gateway.pods.is_empty() {
        rows.add_unknown(None, "its pods could not be read", &everybody);
    } else if gateway.ready_pods().next().is_none() {
        rows.add(None, "a ready pod, has none".to_owned(), &everybody);
    } else if rows.rows.iter().all(|row| !row.unknown) {
        pinning.demands.iter().for_each(|demand| rows.add_counts(&used, demand));
    }
    rows.rows
}

/// How much of what is preferred a gateway has, on every node of its ready pods.
pub(super) fn preferences(pinning: &Pinning, gateway: &GatewayFacts, nodes: &[NodeFacts]) -> usize {
    let used: Vec<&NodeFacts> = gateway
        .ready_pods()
        .filter_map(|pod| nodes.iter().find(|node| pod.node.as_ref() == Some(&node.name)))
        .collect();
    let preferred = pinning.demands.iter().flat_map(|demand| &demand.placement.preferred);
    let met = preferred.filter(|preferred| {
        !used.is_empty() && used.iter().all(|node| requirement::holds(preferred, &node.labels))
    });
    met.count()
}

struct Rows<'a> {
    gateway: &'a GatewayFacts,
    rows: Vec<PlacementViolation>,
}

impl Rows<'_> {
    fn add_labels(&mut self, pod: &PodFacts, node: &NodeFacts, demand: &Demand) {
        let missing = demand.placement.required.iter();
        for required in missing.filter(|required| !requirement::holds(required, &node.labels)) {
            let missing = requirement::missing(required, &node.labels);
            self.add(Some(pod), missing, std::slice::from_ref(&demand.by));
        }
    }

    fn add_counts(&mut self, used: &BTreeMap<&str, &NodeFacts>, demand: &Demand) {
        let Placement { spread, min_nodes, .. } = &demand.placement;
        let by = std::slice::from_ref(&demand.by);
        if used.len() < usize::try_from(*min_nodes).unwrap_or(usize::MAX) {
            self.add(None, format!("at least {min_nodes} nodes, runs on {}", used.len()), by);
        }
        let Some(spread) = spread else { return };
        let key = &spread.key;
        let values: BTreeSet<&str> =
            used.values().filter_map(|node| node.labels.get(key)).map(String::as_str).collect();
        if values.len() < usize::try_from(spread.at_least).unwrap_or(usize::MAX) {
            let found = match values.len() {
                0 => "its nodes have none".to_owned(),
                _ => format!("its nodes have {}", values.into_iter().collect::<Vec<_>>().join(", ")),
            };
            self.add(None, format!("at least {} values of {key}, {found}", spread.at_least), by);
        }
    }

    fn add(&mut self, pod: Option<&PodFacts>, missing: String, by: &[PolicyRef]) {
        self.row(pod, missing, by, false);
    }

    fn add_unknown(&mut self, pod: Option<&PodFacts>, missing: &str, by: &[PolicyRef]) {
        self.row(pod, missing.to_owned(), by, true);
    }

    /// One row for each thing that is missing, however many demand it.
    fn row(&mut self, pod: Option<&PodFacts>, missing: String, by: &[PolicyRef], unknown: bool) {
        let name = pod.map(|pod| pod.name.clone());
        let same = self.rows.iter_mut().find(|row| row.pod == name && row.missing == missing);
        if let Some(row) = same {
            let new = by.iter().filter(|policy| !row.by.contains(policy)).cloned().collect::<Vec<_>>();
            row.by.extend(new);
            return;
        }
        self.rows.push(PlacementViolation {
            gateway: self.gateway.name.clone(),
            pod: name,
            node: pod.and_then(|pod| pod.node.clone()),
            missing,
            by: by.to_vec(),
            unknown,
        });
    }
}
