//! Waiting until proxies have what a step promises.
//!
//! Knows how to read them again. What must be seen is an `Expectation`; whether it is seen, `egress-core` decides.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use egress_core::port::{Port, Protocol};
use egress_core::proof::{Expectation, ProxyCondition, UnmetCondition, check};
use egress_core::proxy::ProxyView;
use egress_core::snapshot::PodFacts;
use futures::future::join_all;
use tokio::time::{sleep, timeout};

use crate::cluster::Cluster;
use crate::envoy::{AdminConnection, Pages, view};
use crate::error::ClusterError;

/// The shortest pause between two readings.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
/// The longest pause between two readings.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);
/// A reading that takes longer is given up, and the connection with it: the proxy or the way to it hangs.
const READING: Duration = Duration::from_secs(5);

/// What was seen in every proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// One for each pod, in the order given.
    pub looked: Vec<PodProof>,
    /// From the first reading to the last.
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
    Lacking(UnmetCondition),
    /// It could not be read; the reason in one line.
    Unreachable(String),
}

impl Proof {
    /// Whether every proxy has it.
    pub fn is_complete(&self) -> bool {
        self.looked.iter().all(|looked| matches!(looked.outcome, Outcome::Proven(_)))
    }
}

/// What some proxies must show.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The pods of the proxies.
    pub pods: &'a [PodFacts],
    /// What each of them must show.
    pub expectation: &'a Expectation,
}

/// One expectation in one proxy.
struct Open {
    /// Its place among those that are asked of the proxy.
    index: usize,
    /// What is not met yet, by the pages that answer it.
    parts: VecDeque<Expectation>,
}

impl Cluster {
    /// Reads the proxies of all these pods at once, until each shows all that is wanted of it or the time is over. A
    /// proxy is read once for all expectations. One answer for each that is wanted, in their order. Dropping the future ends
    /// everything it began.
    pub async fn wait_for(&self, wanted: &[Wanted<'_>], limit: Duration) -> Vec<Proof> {
        let began = Instant::now();
        let mut by_pod: BTreeMap<(&str, &str), (&PodFacts, Vec<usize>)> = BTreeMap::new();
        for (index, Wanted { pods, .. }) in wanted.iter().enumerate() {
            for pod in *pods {
                let (_, asked) =
                    by_pod.entry((&pod.namespace, &pod.name)).or_insert_with(|| (pod, Vec::new()));
                asked.push(index);
            }
        }
        let readings = by_pod.into_iter().map(|(name, (pod, asked))| async move {
            let expectations: Vec<&Expectation> =
                asked.iter().filter_map(|index| wanted.get(*index)).map(|one| one.expectation).collect();
            let outcomes = self.wait_for_one(pod, &expectations, limit).await;
            asked.into_iter().zip(outcomes).map(move |(index, outcome)| ((index, name), outcome))
        });
        let mut seen: BTreeMap<(usize, (&str, &str)), Outcome> =
            join_all(readings).await.into_iter().flatten().collect();
        let elapsed = began.elapsed();
        let mut proofs = Vec::with_capacity(wanted.len());
        for (index, Wanted { pods, .. }) in wanted.iter().enumerate() {
            let looked = pods.iter().filter_map(|pod| {
                let outcome = seen.remove(&(index, (pod.namespace.as_str(), pod.name.as_str())))?;
                Some(PodProof { pod: pod.clone(), outcome })
            });
            proofs.push(Proof { looked: looked.collect(), elapsed });
        }
        proofs
    }

    async fn wait_for_one(
        &self,
        pod: &PodFacts,
        expectations: &[&Expectation],
        limit: Duration,
    ) -> Vec<Outcome> {
        let mut last = vec![Outcome::Unreachable(format!("no answer within {limit:?}")); expectations.len()];
        // When the time is over, what was seen last is the answer.
        let _ = timeout(limit, self.read_until_met(pod, expectations, &mut last)).await;
        last
    }

    /// Ends once all expectations are met, or reading again is of no use. `last` is what was seen of each meanwhile.
    async fn read_until_met(&self, pod: &PodFacts, expectations: &[&Expectation], last: &mut [Outcome]) {
        let began = Instant::now();
        let mut kept = None;
        let open = |(index, expectation): (usize, &&Expectation)| Open {
            index,
            parts: parts(&expectation.seen_from(&pod.namespace)).collect(),
        };
        let mut open: Vec<Open> = expectations.iter().enumerate().map(open).collect();
        loop {
            open.retain(|open| match (open.parts.is_empty(), last.get_mut(open.index)) {
                (true, Some(last)) => {
                    *last = Outcome::Proven(began.elapsed());
                    false
                }
                (is_empty, _) => !is_empty,
            });
            if open.is_empty() {
                return;
            }
            let pages = Pages::of(open.iter().filter_map(|open| open.parts.front()));
            let asked = Instant::now();
            let why = match timeout(READING, self.read_once(pod, &pages, &mut kept)).await {
                Ok(Ok(view)) => {
                    if advance(&mut open, &view, last) {
                        continue;
                    }
                    None
                }
                Ok(Err(error)) => Some((error.to_string(), is_final(&error))),
                Err(_) => Some((format!("no answer within {READING:?}"), false)),
            };
            if let Some((why, is_final)) = why {
                kept = None;
                for open in &open {
                    if let Some(last) = last.get_mut(open.index) {
                        *last = Outcome::Unreachable(why.clone());
                    }
                }
                if is_final {
                    return;
                }
            }
            sleep(pause(began.elapsed(), asked.elapsed())).await;
        }
    }

    async fn read_once(
        &self,
        pod: &PodFacts,
        pages: &Pages,
        kept: &mut Option<AdminConnection>,
    ) -> Result<ProxyView, ClusterError> {
        let admin = match kept {
            Some(admin) => admin,
            None => kept.insert(AdminConnection::open(self, pod).await?),
        };
        view(admin, pages).await
    }
}

/// How long to wait for the next reading: an eighth of the time that has passed, so that what comes is seen soon after it
/// came, whenever that is; and no shorter than a reading takes, so that a proxy with much to show is not kept busy by being
/// asked.
fn pause(passed: Duration, reading: Duration) -> Duration {
    (passed / 8).max(reading).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
}

/// Takes off what a proxy shows; whether that was anything. What it lacks is what was seen last.
fn advance(open: &mut [Open], view: &ProxyView, last: &mut [Outcome]) -> bool {
    let mut advanced = false;
    for Open { index, parts } in open {
        match parts.front().map(|part| check(view, part)) {
            Some(Err(lack)) => {
                if let Some(last) = last.get_mut(*index) {
                    *last = Outcome::Lacking(lack);
                }
            }
            Some(Ok(())) => {
                parts.pop_front();
                advanced = true;
            }
            None => {}
        }
    }
    advanced
}

/// The expectation by the pages that answer it, so that a reading is of one page and not what is known already: with a
/// thousand hosts a page is megabytes. In the order in which istiod sends them, so that what came first is read while the rest
/// is under way: clusters, listeners, routes.
fn parts(expectation: &Expectation) -> impl Iterator<Item = Expectation> {
    // What a cluster is comes before whether it works: one that is another's may have no endpoints as well.
    let page = |condition: &ProxyCondition| match condition {
        ProxyCondition::MadeOf(_) => 0,
        ProxyCondition::HasEndpoints { .. } => 1,
        ProxyCondition::RoutesTo { port: Port { protocol: Protocol::Http, .. }, .. }
        | ProxyCondition::RouteRemoved { protocol: Protocol::Http, .. } => 3,
        ProxyCondition::RoutesTo { .. } | ProxyCondition::RouteRemoved { .. } => 2,
    };
    let pages = 0..4;
    let part = move |wanted| {
        let conditions: Vec<ProxyCondition> =
            expectation.conditions.iter().filter(|condition| page(condition) == wanted).cloned().collect();
        Expectation { conditions, ..expectation.clone() }
    };
    pages.into_iter().map(part).filter(|part| !part.conditions.is_empty())
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

    /// istiod gathers changes for 100 ms before it sends them: what comes at 150 ms must not be seen at 300.
    #[test]
    fn what_comes_is_seen_soon_after_it_came() {
        for (reading, comes) in [(5, 120), (10, 150), (15, 170), (10, 400), (10, 1_000)] {
            let (reading, comes) = (Duration::from_millis(reading), Duration::from_millis(comes));
            let mut passed = Duration::ZERO;
            while passed < comes {
                passed += reading;
                passed += pause(passed, reading);
            }
            let late = passed.saturating_sub(comes);
            assert!(late <= (comes / 5).max(Duration::from_millis(35)), "{comes:?}: {late:?} late");
        }
    }

    #[test]
    fn a_proxy_is_left_alone_as_long_as_it_takes_to_read_it() {
        let [short, long] = [30, 150].map(Duration::from_millis);
        assert_eq!(pause(short, long), long);
        assert_eq!(pause(Duration::from_mins(1), Duration::from_secs(4)), LONGEST_PAUSE);
    }

    #[test]
    fn every_demand_is_in_the_part_of_its_page() {
        let leads = |port| ProxyCondition::RoutesTo {
            port,
            clusters: ["a".to_owned()].into(),
            where_listening: false,
        };
        let gone = |protocol| ProxyCondition::RouteRemoved { protocol, clusters: ["b".to_owned()].into() };
        let reaches = ProxyCondition::HasEndpoints { cluster: "a".to_owned() };
        let owned = ProxyCondition::MadeOf(Owner {
            cluster: "a".to_owned(),
            host: "example.com".to_owned(),
            namespaces: ["shop".to_owned()].into(),
            target: None,
            required: true,
        });
        let conditions = vec![
            leads(Port::TLS),
            reaches.clone(),
            owned.clone(),
            gone(Protocol::Http),
            leads(Port::HTTP),
            gone(Protocol::Tls),
        ];
        let host = DnsName::parse("example.com").unwrap();
        let whole = Expectation { side: Side::Gateway, host, conditions };
        let found: Vec<Vec<ProxyCondition>> = parts(&whole).map(|part| part.conditions).collect();
        let http = vec![gone(Protocol::Http), leads(Port::HTTP)];
        let tls = vec![leads(Port::TLS), gone(Protocol::Tls)];
        assert_eq!(found, [vec![owned], vec![reaches], tls, http]);
    }
}
