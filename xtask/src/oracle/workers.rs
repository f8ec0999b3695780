//! Many clusters, compared by two threads with a process of istiod's code each.
//!
//! Knows how cases are made of differences. Prints nothing but how far it is.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    case,
    cluster::{self, ClusterObjects},
    difference::Difference,
    judge::{ComparedCalls, Judge},
    minimise::minimise,
};
use crate::terminal;

/// As many as the machines have processors that this mostly runs on.
const THREADS: usize = 2;
/// So many cases are written of differences that part at the same place: more of them say no more.
const CASES_OF_A_PARTING: usize = 3;
/// How often it is said how far it is.
const SILENCE: Duration = Duration::from_secs(15);

/// A cluster, and what came of it; an error where a side did not answer.
pub(super) struct ComparedCluster {
    pub(super) source: String,
    pub(super) name: String,
    pub(super) verdict: anyhow::Result<ComparedCalls>,
}

/// Where cases are written to, and how many there are of each parting.
pub(super) struct CaseFolder<'a> {
    folder: &'a Path,
    written: Mutex<BTreeMap<String, usize>>,
}

impl<'a> CaseFolder<'a> {
    pub(super) fn new(folder: &'a Path) -> Self {
        CaseFolder { folder, written: Mutex::default() }
    }

    /// Whether a case of this parting is still wanted; it is then counted.
    fn wants(&self, parting: &str) -> bool {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let count = written.entry(parting.to_owned()).or_default();
        *count += 1;
        *count <= CASES_OF_A_PARTING
    }
}

/// Compares so many clusters, which the function makes, and returns what came of them in their order.
pub(super) fn compare_all(
    count: usize,
    make: impl Fn(usize) -> Option<ClusterObjects> + Sync,
    cases: Option<&CaseFolder<'_>>,
) -> anyhow::Result<Vec<ComparedCluster>> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let told = Mutex::new(Instant::now());
    let work = || -> anyhow::Result<Vec<(usize, ComparedCluster)>> {
        let mut judge = Judge::start()?;
        let mut outcomes = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            if place >= count {
                return Ok(outcomes);
            }
            if let Some(cluster) = make(place) {
                outcomes.push((place, outcome(&mut judge, cluster, cases)));
            }
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.elapsed() > SILENCE {
                *told = Instant::now();
                terminal::progress(format_args!("  {done} of {count} clusters"));
            }
        }
    };
    let results: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let mut outcomes = Vec::new();
    for result in results {
        outcomes.extend(result.unwrap_or_else(|_| Err(anyhow::anyhow!("a comparison crashed")))?);
    }
    outcomes.sort_by_key(|(place, _)| *place);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

fn outcome(judge: &mut Judge, cluster: ClusterObjects, cases: Option<&CaseFolder<'_>>) -> ComparedCluster {
    let mut verdict = judge.compare(&cluster.objects);
    if let (Ok(found), Some(cases)) = (&verdict, cases)
        && let Err(error) = write_cases(judge, &cluster, &found.differences, cases)
    {
        verdict = Err(error);
    }
    ComparedCluster { source: cluster.source, name: cluster.name, verdict }
}

/// One case for each place at which they part.
fn write_cases(
    judge: &mut Judge,
    cluster: &ClusterObjects,
    differences: &[Difference],
    cases: &CaseFolder<'_>,
) -> anyhow::Result<()> {
    let mut partings: BTreeMap<String, &Difference> = BTreeMap::new();
    for difference in differences {
        partings.entry(difference.parting()).or_insert(difference);
    }
    for (number, (parting, difference)) in partings.into_iter().enumerate() {
        if !cases.wants(&parting) {
            continue;
        }
        let mut left = difference.clone();
        let objects = minimise(cluster.objects.clone(), |objects| still(judge, objects, &parting, &mut left));
        let name = format!("{}-{number}", cluster.name.replace('/', "-"));
        case::write(cases.folder, &cluster.source, &name, &objects, &left)?;
    }
    Ok(())
}

/// Whether the call of this difference still parts at the same place; the difference is then that of the fewer objects.
fn still(judge: &mut Judge, objects: &[Value], parting: &str, difference: &mut Difference) -> bool {
    // Without its mesh configuration a cluster is one that was not read whole, and somebody must call.
    let has_caller =
        cluster::of_kind(objects, "Pod").any(|pod| cluster::full_name(pod) == difference.call.caller);
    if cluster::mesh(objects).is_empty() || !has_caller {
        return false;
    }
    match judge.differs(objects, &difference.call) {
        Ok(Some(found)) if found.parting() == parting => {
            *difference = found;
            true
        }
        _ => false,
    }
}
