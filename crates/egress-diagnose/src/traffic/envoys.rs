//! Shared by checks of Envoys: the requirements for a route, and the result of several Envoys.
//!
//! Does not know which Envoys are read.

use std::collections::BTreeSet;

use egress_core::port::Port;
use egress_core::proof::{ProxyCondition, Side};

use crate::finding::{Awaited, CheckOutcome, Finding};
use crate::istio::routes::Route;
use crate::path::EgressPath;

/// Each port of the path must lead to the clusters of its routes and to no others. In a sidecar, routes match the
/// port that the application calls. At a gateway they match the gateway's port, which all ports of one protocol
/// share.
pub(crate) fn conditions(path: &EgressPath<'_>, routes: &[Route<'_>], side: Side) -> Vec<ProxyCondition> {
    let condition = |port: &Port| {
        let carries = |route: &&Route<'_>| match side {
            Side::Clients => route.carries(*port),
            Side::Gateway => route.protocol == port.protocol,
        };
        let clusters: BTreeSet<String> = routes.iter().filter(carries).filter_map(Route::cluster).collect();
        let leads = !clusters.is_empty();
        leads.then_some(ProxyCondition::RoutesTo { port: *port, clusters, where_listening: false })
    };
    path.ports.iter().filter_map(condition).collect()
}

/// The result of several Envoys. Findings come first, then Envoys that could not be read: a check passes only if all of
/// them were read.
#[derive(Default)]
pub(crate) struct EnvoyResults {
    findings: Vec<Finding>,
    unreadable: Vec<String>,
    awaited: Vec<Awaited>,
    fine: usize,
}

impl EnvoyResults {
    /// One Envoy was read: what is wrong there, if anything. The same fault of several pods is reported once, with the
    /// evidence of each.
    pub(crate) fn looked(&mut self, finding: Option<Finding>) {
        let Some(finding) = finding else {
            self.fine += 1;
            return;
        };
        let same = |other: &&mut Finding| other.message == finding.message && other.level == finding.level;
        match self.findings.iter_mut().find(same) {
            Some(known) => known.evidence.extend(finding.evidence),
            None => self.findings.push(finding),
        }
    }

    /// One Envoy could not be read.
    pub(crate) fn unreadable(&mut self, why: String) {
        self.unreadable.push(why);
    }

    /// There is nothing to look at yet.
    pub(crate) fn awaits(&mut self, awaited: Awaited) {
        self.awaited.push(awaited);
    }

    pub(crate) fn outcome(mut self) -> CheckOutcome {
        if !self.findings.is_empty() {
            return CheckOutcome::Bad(self.findings);
        }
        if !self.unreadable.is_empty() {
            return CheckOutcome::Unreadable(self.unreadable.swap_remove(0));
        }
        match (self.fine, self.awaited.is_empty()) {
            (0, false) => CheckOutcome::NoEvidence(self.awaited.swap_remove(0)),
            (0, true) => CheckOutcome::NotApplicable,
            (1, _) => CheckOutcome::Good(Some("1 Envoy".to_owned())),
            (several, _) => CheckOutcome::Good(Some(format!("{several} Envoys"))),
        }
    }
}
