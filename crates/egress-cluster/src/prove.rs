//! Waiting until proxies have what a step promises.
//!
//! Knows how to look again. What must be seen is an `Expectation`; whether it is seen, `egress-core` decides.

use std::time::{Duration, Instant};

use egress_core::port::{Port, Protocol};
use egress_core::proof::{Demand, Expectation, Lack, check};
use egress_core::snapshot::PodFacts;
use futures::future::join_all;
use tokio::time::{sleep, timeout};

use crate::cluster::Cluster;
use crate::error::ClusterError;
use crate::look::{AdminConnection, Pages, view};

/// The first pause between two looks; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// A look that takes longer is given up, and the connection with it: the proxy or the way to it hangs.
const LOOK: Duration = Duration::from_secs(5);

/// What was seen in every proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// One for each pod, in the order given.
    pub looked: Vec<PodProof>,
    /// From the first look to the last.
    pub elapsed: Duration,
}

/// What was seen in one proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodProof {
    /// The pod.
    pub pod: PodFacts,
    /// What was seen last.
    pub outcome: Outcome,
}

/// What was seen last in one proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The expectation is met, after so long.
    Proven(Duration),
    /// It was read, and the requirement is not met.
    Lacking(Lack),
    /// It could not be read; the reason in one line.
    Unreachable(String),
}

impl Proof {
    /// Whether every proxy has it.
    pub fn is_complete(&self) -> bool {
        self.looked.iter().all(|looked| matches!(looked.outcome, Outcome::Proven(_)))
    }
}

impl Cluster {
    /// Looks into these pods' proxies, all at once, until each meets the expectation or the time is over. Dropping the
    /// future ends everything it began.
    pub async fn prove(&self, pods: &[PodFacts], expectation: &Expectation, limit: Duration) -> Proof {
        let began = Instant::now();
        let looks = pods.iter().map(|pod| async move {
            PodProof { pod: pod.clone(), outcome: self.prove_one(pod, expectation, limit).await }
        });
        let looked = join_all(looks).await;
        Proof { looked, elapsed: began.elapsed() }
    }

    async fn prove_one(&self, pod: &PodFacts, expectation: &Expectation, limit: Duration) -> Outcome {
        let began = Instant::now();
        let mut last = Outcome::Unreachable(format!("no answer within {limit:?}"));
        let looking = self.look_until_met(pod, expectation, &mut last);
        match timeout(limit, looking).await {
            Ok(true) => Outcome::Proven(began.elapsed()),
            Ok(false) | Err(_) => last,
        }
    }

    /// True once the expectation is met; false where looking again is of no use. `last` is what was seen meanwhile.
    async fn look_until_met(&self, pod: &PodFacts, expectation: &Expectation, last: &mut Outcome) -> bool {
        let mut kept = None;
        let expectation = expectation.seen_from(&pod.namespace);
        for part in parts(&expectation) {
            let pages = Pages::of(&part);
            let mut pause = FIRST_PAUSE;
            loop {
                match timeout(LOOK, self.look_once(pod, &pages, &part, &mut kept)).await {
                    Ok(Ok(Ok(()))) => break,
                    Ok(Ok(Err(lack))) => *last = Outcome::Lacking(lack),
                    Ok(Err(error)) => {
                        kept = None;
                        *last = Outcome::Unreachable(error.to_string());
                        if is_final(&error) {
                            return false;
                        }
                    }
                    Err(_) => {
                        kept = None;
                        *last = Outcome::Unreachable(format!("no answer within {LOOK:?}"));
                    }
                }
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
        true
    }

    async fn look_once(
        &self,
        pod: &PodFacts,
        pages: &Pages,
        expectation: &Expectation,
        kept: &mut Option<AdminConnection>,
    ) -> Result<Result<(), Lack>, ClusterError> {
        let admin = match kept {
            Some(admin) => admin,
            None => kept.insert(AdminConnection::open(self, pod).await?),
        };
        let view = view(admin, pages).await?;
        Ok(check(&view, expectation))
    }
}

/// The expectation by the pages that answer it, so that a look reads one page and not what is known already: with a
/// thousand hosts a page is megabytes.
fn parts(expectation: &Expectation) -> impl Iterator<Item = Expectation> {
    // What a cluster is comes before whether it works: one that is another's may have no endpoints as well.
    let page = |demand: &Demand| match demand {
        Demand::Leads { port: Port { protocol: Protocol::Http, .. }, .. }
        | Demand::Gone { protocol: Protocol::Http, .. } => 0,
        Demand::Leads { .. } | Demand::Gone { .. } => 1,
        Demand::Owned(_) => 2,
        Demand::Reaches { .. } => 3,
    };
    let pages = 0..4;
    let part = move |wanted| {
        let demands: Vec<Demand> =
            expectation.demands.iter().filter(|demand| page(demand) == wanted).cloned().collect();
        Expectation { demands, ..expectation.clone() }
    };
    pages.into_iter().map(part).filter(|part| !part.demands.is_empty())
}

/// A right that is missing now is missing a moment later, and a pod that is gone does not come back by this name.
fn is_final(error: &ClusterError) -> bool {
    match error {
        ClusterError::Forbidden(_) | ClusterError::Unauthorized(_) => true,
        ClusterError::Server { reason, .. } => reason == "NotFound",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use egress_core::host::DnsName;
    use egress_core::proof::{Owner, Side};

    use super::*;

    #[test]
    fn every_demand_is_in_the_part_of_its_page() {
        let leads = |port| Demand::Leads { port, clusters: ["a".to_owned()].into(), where_listening: false };
        let gone = |protocol| Demand::Gone { protocol, clusters: ["b".to_owned()].into() };
        let reaches = Demand::Reaches { cluster: "a".to_owned() };
        let owned = Demand::Owned(Owner {
            cluster: "a".to_owned(),
            host: "example.com".to_owned(),
            namespaces: ["shop".to_owned()].into(),
            target: None,
            required: true,
        });
        let demands = vec![
            leads(Port::TLS),
            reaches.clone(),
            owned.clone(),
            gone(Protocol::Http),
            leads(Port::HTTP),
            gone(Protocol::Tls),
        ];
        let host = DnsName::parse("example.com").unwrap();
        let whole = Expectation { side: Side::Gateway, host, demands };
        let found: Vec<Vec<Demand>> = parts(&whole).map(|part| part.demands).collect();
        let http = vec![gone(Protocol::Http), leads(Port::HTTP)];
        let tls = vec![leads(Port::TLS), gone(Protocol::Tls)];
        assert_eq!(found, [http, tls, vec![owned], vec![reaches]]);
    }
}
