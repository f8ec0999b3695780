//! `add` on made clusters: either something is named that is in the way, or calls of the host leave through the gateway and no
//! other call changes.
//!
//! The real planner plans; what its objects do is asked of the simulation with other calls than `add` itself tries, and for
//! some clusters of istiod's own code, so that what is checked does not check itself.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use serde_json::Value;

use self::{
    attempt::{Attempt, Decided},
    paths::{Paths, Violation},
};
use super::{cluster::ClusterObjects, judge::Judge, random::Random};

mod attempt;
mod paths;
mod request;

/// As many as the machines have processors that this mostly runs on.
const THREADS: usize = 2;
/// Apart from what clusters are made of.
const SEED_OF_REQUESTS: u64 = 0x00AD_D000;
/// How often istiod is asked again before something is held against it.
const ASKED_AGAIN: usize = 2;

/// What came of many additions.
#[derive(Debug, Default)]
pub(super) struct AdditionFigures {
    /// How many of each result.
    results: BTreeMap<&'static str, usize>,
    /// How many of them istiod's code was asked about.
    asked_istiod: usize,
    /// What should not be.
    pub(super) counterexamples: Vec<AdditionCounterexample>,
    /// Refusals by the simulation, each with the cluster.
    refusals: Vec<String>,
}

/// An addition that does something else than it should, or was refused without a reason.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct AdditionCounterexample {
    /// The cluster, the request, and what is wrong.
    pub(super) text: String,
    /// The name of the cluster.
    pub(super) name: String,
    /// Its objects, as they are and after the writes.
    pub(super) objects: [Vec<Value>; 2],
}

/// Tries one addition in each of so many clusters. Every `istiod_every`th is also asked of istiod's code.
pub(super) fn try_all(
    count: usize,
    seed: u64,
    istiod_every: usize,
    make: impl Fn(usize) -> Option<ClusterObjects> + Sync,
) -> anyhow::Result<AdditionFigures> {
    let next = AtomicUsize::new(0);
    let work = || -> anyhow::Result<Vec<(usize, AdditionFigures)>> {
        let mut judge = None;
        let mut found = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= count {
                return Ok(found);
            }
            let Some(cluster) = make(place) else { continue };
            let index = u64::try_from(place).unwrap_or_default();
            let mut random = Random::of(seed ^ SEED_OF_REQUESTS, index);
            let asks = istiod_every > 0 && place.is_multiple_of(istiod_every);
            if asks && judge.is_none() {
                judge = Some(Judge::start()?);
            }
            found.push((place, try_one(&cluster, &mut random, judge.as_mut().filter(|_| asks))?));
        }
    };
    let results: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let mut all = Vec::new();
    for result in results {
        all.extend(result.unwrap_or_else(|_| Err(anyhow::anyhow!("an addition crashed")))?);
    }
    all.sort_by_key(|(place, _)| *place);
    let mut figures = AdditionFigures::default();
    for (_, one) in all {
        figures.append(one);
    }
    Ok(figures)
}

fn try_one(
    cluster: &ClusterObjects,
    random: &mut Random,
    judge: Option<&mut Judge>,
) -> anyhow::Result<AdditionFigures> {
    let mut figures = AdditionFigures::default();
    let Some(attempt) = Attempt::of(&cluster.objects, random)? else {
        figures.count("no request fits");
        return Ok(figures);
    };
    let name = format!("{} {}: {}", cluster.source, cluster.name, attempt.words());
    let Some(paths) = Paths::of(&attempt) else {
        figures.count(attempt.decided.word());
        return Ok(figures);
    };
    let told = |violations: &[Violation]| {
        violations.iter().take(2).fold(String::new(), |text, it| text + "\n  " + &it.to_string())
    };
    let simulated = paths.simulated();
    let refused = match &attempt.decided {
        Decided::Refused(why) => Some(why),
        _ => None,
    };
    if let Some(why) = refused {
        figures.refusals.push(format!("{name}\n  {why}{}", told(&simulated)));
    } else if !simulated.is_empty() && matches!(attempt.decided, Decided::Added) {
        let what = format!("added, and by the simulation{}", told(&simulated));
        figures.counterexamples.push(counterexample(cluster, &attempt, &name, &what));
    }
    figures.count(attempt.decided.word());
    if let Some(judge) = judge {
        figures.asked_istiod += 1;
        let mut by_istiod = paths.by_istiod(judge)?;
        for _ in 0..ASKED_AGAIN {
            match (&attempt.decided, &by_istiod) {
                (Decided::Added, Some(found)) if !found.is_empty() => by_istiod = paths.by_istiod(judge)?,
                _ => break,
            }
        }
        match (&attempt.decided, by_istiod) {
            (Decided::Added, Some(found)) if !found.is_empty() => {
                let what = format!("added, and by istiod{}", told(&found));
                figures.counterexamples.push(counterexample(cluster, &attempt, &name, &what));
            }
            (Decided::Refused(why), Some(found)) if found.is_empty() => {
                let what = format!("refused, and istiod does it\n  {why}");
                figures.counterexamples.push(counterexample(cluster, &attempt, &name, &what));
            }
            _ => {}
        }
    }
    Ok(figures)
}

fn counterexample(
    cluster: &ClusterObjects,
    attempt: &Attempt,
    name: &str,
    what: &str,
) -> AdditionCounterexample {
    AdditionCounterexample {
        text: format!("{name}: {what}"),
        name: cluster.name.clone(),
        objects: [attempt.before.clone(), attempt.after.clone().unwrap_or_default()],
    }
}

impl AdditionFigures {
    fn count(&mut self, result: &'static str) {
        *self.results.entry(result).or_default() += 1;
    }

    fn append(&mut self, other: AdditionFigures) {
        for (result, count) in other.results {
            *self.results.entry(result).or_default() += count;
        }
        self.asked_istiod += other.asked_istiod;
        self.counterexamples.extend(other.counterexamples);
        self.refusals.extend(other.refusals);
    }

    /// How many were tried.
    pub(super) fn tried(&self) -> usize {
        self.results.values().sum()
    }

    /// The figures, and so many counterexamples and refusals in full.
    pub(super) fn text(&self, show: usize) -> anyhow::Result<String> {
        let mut text = format!("ADDITIONS: {} tried, {} asked of istiod", self.tried(), self.asked_istiod);
        for (result, count) in &self.results {
            write!(text, ", {count} {result}")?;
        }
        writeln!(text, ", {} counterexamples", self.counterexamples.len())?;
        for found in self.counterexamples.iter().take(show) {
            writeln!(text, "\n{}", found.text)?;
        }
        if show > 0 {
            for refusal in self.refusals.iter().take(show) {
                writeln!(text, "\nrefused by simulation: {refusal}")?;
            }
        }
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::grammar;

    #[test]
    fn an_addition_is_refused_or_does_what_it_says_and_nothing_else() {
        let figures =
            try_all(60, 1, 0, |place| Some(grammar::cluster(1, u64::try_from(place).unwrap()))).unwrap();

        assert_eq!(figures.counterexamples, Vec::new());
        for result in ["added", "refused by a rule"] {
            assert!(figures.results.get(result).is_some_and(|count| *count > 5), "{figures:?}");
        }
    }
}
