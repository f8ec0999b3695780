//! Finds from logs and counters where a probe went.
//!
//! An access log shows the request itself; counters only show that a request like it passed. If the two disagree, the
//! log counts.

use std::collections::HashSet;

use super::access::Access;
use super::answer::ProbeResponse;
pub use super::counts::Looks;
use super::counts::{self, FromClient, host_of, leads_out};
use super::plan::ProbePlan;
use super::{Probe, ProbePod, ProbePoint, ProbeResult};
use crate::finding::Confidence;
use egress_core::port::Protocol;
use egress_core::proxy::PASSTHROUGH;

/// The log and the counters of one Envoy.
#[derive(Clone, Debug)]
pub struct EnvoyRecord {
    /// Its pod.
    pub pod: ProbePod,
    /// Its log.
    pub log: Result<Log, String>,
    /// Its counters.
    pub looks: Looks,
}

/// The last lines of a log.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Those before the probe.
    pub before: Vec<String>,
    /// Those after the probe.
    pub after: Vec<String>,
}

/// What one Envoy's log says about the probe.
enum Trace {
    Found(Box<Access>),
    /// It has lines of other calls, and none of this one.
    Missing,
    /// It has no line of any call, or could not be read.
    Unknown(String),
}

/// Finds where the probe went.
pub fn verdict(
    plan: &ProbePlan,
    answer: &ProbeResponse,
    client: &EnvoyRecord,
    gateways: &[EnvoyRecord],
) -> Probe {
    let comparison = Comparison { plan, answer, client, gateways, evidence: evidence(answer) };
    match comparison.first_leg() {
        Trace::Found(line) => comparison.after_sidecar(&line),
        Trace::Missing => comparison.unseen_by_sidecar(),
        Trace::Unknown(why) => comparison.by_counters(&why),
    }
}

/// A probe without a result.
pub fn unknown(plan: &ProbePlan, because: String) -> Probe {
    Probe {
        host: plan.host.to_string(),
        port: plan.port,
        client: ProbePod::of(&plan.client),
        token: plan.token.clone(),
        result: ProbeResult::NotProven,
        lost_at: None,
        left_from: None,
        confidence: Confidence::Certain,
        because,
        evidence: Vec::new(),
        status: None,
    }
}

fn evidence(answer: &ProbeResponse) -> Vec<String> {
    let server = answer.server.as_ref().map(|server| format!(", from {server}")).unwrap_or_default();
    let told = answer.status.map(|status| format!("the client got status {status}{server}"));
    let problem = answer.problem.as_ref().map(|problem| format!("the client got no answer: {problem}"));
    told.into_iter().chain(problem).collect()
}

struct Comparison<'a> {
    plan: &'a ProbePlan,
    answer: &'a ProbeResponse,
    client: &'a EnvoyRecord,
    gateways: &'a [EnvoyRecord],
    evidence: Vec<String>,
}

impl Comparison<'_> {
    /// The log line of the client's sidecar.
    fn first_leg(&self) -> Trace {
        Self::trace(self.client, |line| match (&self.answer.source, self.plan.port.protocol) {
            (_, Protocol::Http) => line.path.contains(&self.plan.token),
            (Some(source), Protocol::Tls) if !line.downstream_remote.is_empty() => {
                line.downstream_remote == *source
            }
            (_, Protocol::Tls) => line.server_name == self.plan.host.as_str(),
        })
    }

    fn trace(reading: &EnvoyRecord, is_it: impl Fn(&Access) -> bool) -> Trace {
        let log = match &reading.log {
            Ok(log) => log,
            Err(why) => {
                return Trace::Unknown(format!("the log of {} could not be read: {why}", reading.pod));
            }
        };
        // A mark is unique; a name or an address may be in older lines, too.
        let before: HashSet<&String> = log.before.iter().collect();
        let new = log.after.iter().filter(|line| !before.contains(line));
        if let Some(found) = new.rev().filter_map(|line| Access::parse(line)).find(is_it) {
            return Trace::Found(Box::new(found));
        }
        let any = log.after.iter().rev().any(|line| Access::parse(line).is_some());
        if any { Trace::Missing } else { Trace::Unknown(format!("{} writes no access log", reading.pod)) }
    }

    fn after_sidecar(mut self, line: &Access) -> Probe {
        self.evidence.push(format!("the client's sidecar logged: {}", line.words()));
        let service = host_of(&line.cluster);
        if service.is_some_and(|service| self.plan.services.contains(service)) {
            return self.at_gateways(line);
        }
        if !line.was_sent_on() {
            let because = "its sidecar did not send it to any gateway".to_owned();
            return self.lost(ProbePoint::Sidecar, Confidence::Certain, because);
        }
        if line.cluster == PASSTHROUGH || leads_out(&line.cluster, self.plan) {
            let because = format!("the client's sidecar sent it to {}, not to a gateway", line.upstream_host);
            return self.directly(Confidence::Certain, because);
        }
        let because = format!("its sidecar sent it to `{}`, which is not a known gateway", line.cluster);
        self.not_proven(because)
    }

    /// The sidecar chose a gateway: find the pod that got the request.
    fn at_gateways(mut self, sent: &Access) -> Probe {
        let by_address = !sent.upstream_local.is_empty();
        let is_it = |line: &Access| match self.plan.port.protocol {
            Protocol::Http => line.path.contains(&self.plan.token),
            Protocol::Tls if by_address && !line.downstream_remote.is_empty() => {
                line.downstream_remote == sent.upstream_local
            }
            Protocol::Tls => line.server_name == self.plan.host.as_str(),
        };
        let (mut found, mut unknown) = (None, Vec::new());
        for reading in self.gateways {
            match Self::trace(reading, is_it) {
                Trace::Found(line) => found = Some((reading.pod.clone(), line)),
                Trace::Missing => {}
                Trace::Unknown(why) => unknown.push(why),
            }
        }
        let named = self.plan.port.protocol == Protocol::Tls && !by_address;
        let confidence = if named { Confidence::Inferred } else { Confidence::Certain };
        let Some((pod, line)) = found else { return self.unseen_by_gateways(sent, unknown) };
        self.evidence.push(format!("{pod} logged: {}", line.words()));
        if host_of(&line.cluster).is_some_and(|service| self.plan.services.contains(service)) {
            let because = format!("{pod} received it, and sent it to a gateway again");
            return self.lost(ProbePoint::Gateway, confidence, because);
        }
        if line.was_sent_on() && !self.plan.upstreams.is_empty() {
            if line.cluster.is_empty() {
                self.evidence.push(format!("the log of {pod} names no cluster"));
                return self.gateway_counters();
            }
            if !self.plan.upstreams.contains(&line.cluster) {
                let asked: Vec<&str> = self.plan.upstreams.iter().map(String::as_str).collect();
                self.evidence.push(format!("the egress asks for `{}`", asked.join("` or `")));
                let because = format!("{pod} sent it to `{}`, not to the egress's host", line.cluster);
                return self.end(ProbeResult::Diverted, None, Some(pod), confidence, because);
            }
        }
        if line.was_sent_on() {
            let because = format!("it left from {pod}");
            return self.end(ProbeResult::Proven, None, Some(pod), confidence, because);
        }
        let point = if line.upstream_host.is_empty() { ProbePoint::Gateway } else { ProbePoint::FromGateway };
        let because = format!("{pod} received it, and could not forward it");
        self.lost(point, confidence, because)
    }

    fn unseen_by_gateways(mut self, sent: &Access, unknown: Vec<String>) -> Probe {
        if sent.upstream_host.is_empty() {
            let because = "its sidecar chose the gateway, but had no address for it".to_owned();
            return self.lost(ProbePoint::Sidecar, Confidence::Certain, because);
        }
        let all_write = unknown.is_empty() && !self.gateways.is_empty();
        if !sent.was_sent_on() || (all_write && !self.was_served()) {
            let because = "its sidecar sent it to the gateway, but no gateway pod received it".to_owned();
            return self.lost(ProbePoint::ToGateway, Confidence::Certain, because);
        }
        self.evidence.extend(unknown);
        self.gateway_counters()
    }

    /// The sidecar logs calls, but did not log this one. An access log can have a filter; counters have none.
    fn unseen_by_sidecar(self) -> Probe {
        let grown = self.client.looks.as_ref().map(|looks| counts::from_client(looks, self.plan));
        match (self.answer.status, grown) {
            (Some(_), Ok(FromClient { to_gateway: 0, directly: 0 })) => {
                let because =
                    "it got an answer, but the client's sidecar neither logged nor counted such a call";
                self.directly(Confidence::Inferred, because.to_owned())
            }
            (Some(_), _) => self.by_counters("the client's sidecar logged only other calls"),
            (None, _) => {
                let because = "the client's sidecar never received it".to_owned();
                self.lost(ProbePoint::Client, Confidence::Inferred, because)
            }
        }
    }

    fn by_counters(mut self, why: &str) -> Probe {
        self.evidence.push(why.to_owned());
        let grown = match &self.client.looks {
            Ok(looks) => counts::from_client(looks, self.plan),
            Err(problem) => {
                let because = format!(
                    "neither the log nor the counters of the client's sidecar could be read: {problem}"
                );
                return self.not_proven(because);
            }
        };
        self.evidence.push(format!(
            "meanwhile the client's sidecar counted {} requests and connections to gateways, and {} to other destinations",
            grown.to_gateway, grown.directly
        ));
        match (grown.to_gateway, grown.directly) {
            (0, 0) => self.not_proven("the client's sidecar counted no such call".to_owned()),
            (0, _) => {
                let because =
                    "the client's sidecar counted a call that bypassed the gateways, and none to a gateway";
                self.directly(Confidence::Inferred, because.to_owned())
            }
            (_, 0) => self.gateway_counters(),
            _ => self.not_proven("other calls at the same time took both paths".to_owned()),
        }
    }

    /// The sidecar sent it to a gateway whose log does not show it.
    fn gateway_counters(mut self) -> Probe {
        let mut unknown = None;
        for reading in self.gateways {
            match &reading.looks {
                Ok(looks) if counts::from_gateway(looks, self.plan) > 0 => {
                    self.evidence.push(format!("{} counted a call to the host meanwhile", reading.pod));
                    let because = format!("it most likely left from {}", reading.pod);
                    let pod = Some(reading.pod.clone());
                    return self.end(ProbeResult::Proven, None, pod, Confidence::Inferred, because);
                }
                Ok(_) => {}
                Err(why) => unknown = Some(format!("{}: {why}", reading.pod)),
            }
        }
        let sent = "its sidecar sent it to the gateway";
        if self.gateways.is_empty() {
            return self.not_proven(format!("{sent}, but no ready gateway pod could be read"));
        }
        if let Some(why) = unknown {
            return self.not_proven(format!("{sent}, which could not be read: {why}"));
        }
        let because = format!("{sent}, but no gateway pod counted a call to the host");
        // Something answered. Most likely the host has another name at the gateway.
        if self.was_served() {
            return self.not_proven(because);
        }
        self.lost(ProbePoint::Gateway, Confidence::Inferred, because)
    }

    /// Whether the host, or a server in front of it, answered the request.
    fn was_served(&self) -> bool {
        self.answer.status.is_some_and(|status| (200..400).contains(&status))
    }

    fn directly(self, confidence: Confidence, because: String) -> Probe {
        let pod = self.client.pod.clone();
        self.end(ProbeResult::LeftDirectly, None, Some(pod), confidence, because)
    }

    fn lost(self, point: ProbePoint, confidence: Confidence, because: String) -> Probe {
        self.end(ProbeResult::Lost, Some(point), None, confidence, because)
    }

    fn not_proven(self, because: String) -> Probe {
        self.end(ProbeResult::NotProven, None, None, Confidence::Certain, because)
    }

    fn end(
        self,
        result: ProbeResult,
        lost_at: Option<ProbePoint>,
        left_from: Option<ProbePod>,
        confidence: Confidence,
        because: String,
    ) -> Probe {
        let (evidence, status) = (self.evidence, self.answer.status);
        Probe { result, lost_at, left_from, confidence, evidence, status, ..unknown(self.plan, because) }
    }
}

impl Probe {
    /// Whether the result is final. If not, read the logs again: Envoy writes them up to a second late.
    pub fn is_settled(&self) -> bool {
        let certain = self.confidence == Confidence::Certain;
        match self.result {
            ProbeResult::Proven | ProbeResult::LeftDirectly | ProbeResult::Diverted => certain,
            ProbeResult::Lost => certain && self.lost_at != Some(ProbePoint::ToGateway),
            ProbeResult::NotProven => false,
        }
    }
}

#[cfg(test)]
mod tests;
