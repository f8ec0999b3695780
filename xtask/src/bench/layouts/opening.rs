//! How long it takes until hosts can be called: from the start of `kubectl apply` to answers of the origin.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use testbed::{bed::Bed, load::Sample};

use super::{
    calls::{Calls, Gateways, now_ms, urls},
    lost::answer,
    progress::Progress,
    wait,
};
use crate::bench::stopwatch;

/// The longest time for kubectl. With what is waited for after it, it is less than the ten minutes of the longest load.
const APPLY_SECONDS: &str = "240";
const LIMIT: Duration = Duration::from_mins(5);
/// Requests a second to the last host, while the objects are written.
const RATE: u32 = 20;
/// Requests a second to all of them, to be sure.
const CHECK_RATE: u32 = 40;
/// As many answers in a row are no luck: each of two gateway pods has given some.
const ROW: usize = 10;

/// Writes the objects in one go. How long it took from the start until the last host answered through the gateway, and went
/// on to answer; then every host is called, and has to answer as well.
pub(super) fn open(
    bed: &Bed,
    gateways: &Gateways,
    manifest: &Path,
    hosts: &[String],
    progress: &Progress,
) -> anyhow::Result<Duration> {
    let last = urls(hosts.last().map_or("", String::as_str));
    let mut calls = Calls::start(bed, &last, RATE)?;
    progress.tell("writing the objects");
    let start = now_ms();
    let mut apply = bed.command("timeout");
    apply.args([APPLY_SECONDS, "kubectl", "apply", "--server-side", "--filename"]).arg(manifest);
    let applied = stopwatch::time(&mut apply)?;
    progress.tell(format_args!("kubectl took {:.1} s; the last host has to answer", applied.as_secs_f64()));
    let answered = wait::until("the last host to answer through the gateway", LIMIT, || {
        let samples = calls.samples()?;
        let times = last.iter().map(|url| answers_since(samples, url, |sample| gateways.carried(sample)));
        Ok(times.collect::<Option<Vec<_>>>().and_then(|times| times.into_iter().max()))
    });
    let samples = calls.end()?;
    let answered = answered.with_context(|| last_answers(&samples))?;
    all_answer(bed, gateways, hosts, progress)?;
    Ok(Duration::from_millis(answered.saturating_sub(start)))
}

/// When the first answer of the unbroken row of them at the end was complete, if the row is long enough.
fn answers_since(samples: &[Sample], url: &str, answered: impl Fn(&Sample) -> bool) -> Option<u64> {
    let mut of_url: Vec<&Sample> = samples.iter().filter(|sample| sample.target == url).collect();
    of_url.sort_by_key(|sample| sample.at_ms);
    let row: Vec<&Sample> = of_url.into_iter().rev().take_while(|sample| answered(sample)).collect();
    row.last().filter(|_| row.len() >= ROW).map(|sample| sample.done_ms)
}

/// What came of the newest requests, for an error.
fn last_answers(samples: &[Sample]) -> String {
    let newest = samples.iter().rev().take(4);
    let words: Vec<String> = newest.map(|sample| format!("{}: {}", sample.target, answer(sample))).collect();
    format!("the last requests: {}", words.join(", "))
}

/// Calls every host over both protocols until each has answered through the gateway once.
fn all_answer(bed: &Bed, gateways: &Gateways, hosts: &[String], progress: &Progress) -> anyhow::Result<()> {
    // With what came of the last request, while it is no answer through the gateway.
    let mut left: BTreeMap<String, String> =
        hosts.iter().flat_map(|host| urls(host)).map(|url| (url, "not called".to_owned())).collect();
    let (start, mut told) = (Instant::now(), 0);
    while let Some((url, came)) = left.first_key_value() {
        ensure!(
            start.elapsed() <= LIMIT,
            "waited {} s for every host to answer through the gateway, and {} URLs do not, such as {url}: {came}",
            LIMIT.as_secs(),
            left.len()
        );
        if left.len() != told {
            told = left.len();
            progress.tell(format_args!("calling {told} URLs, each has to answer"));
        }
        let asked: Vec<String> = left.keys().cloned().collect();
        let mut calls = Calls::start(bed, &asked, CHECK_RATE)?;
        wait::until("every host to be called", LIMIT, || {
            Ok((calls.samples()?.len() >= asked.len()).then_some(()))
        })?;
        for sample in calls.end()? {
            if gateways.carried(&sample) {
                left.remove(&sample.target);
            } else if let Some(came) = left.get_mut(&sample.target) {
                *came = answer(&sample);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://a.example.com/";

    fn sample(at_ms: u64, status: u16) -> Sample {
        let target = URL.to_owned();
        Sample { at_ms, done_ms: at_ms + 1, target, status: Some(status), peer: None, error: None }
    }

    fn since(statuses: &[u16]) -> Option<u64> {
        let samples: Vec<Sample> =
            (0u64..).step_by(100).zip(statuses).map(|(at, status)| sample(at, *status)).collect();
        answers_since(&samples, URL, |sample| sample.status == Some(200))
    }

    #[test]
    fn a_host_answers_from_the_first_answer_after_the_last_failure() {
        let mut statuses = vec![502, 200, 503];
        statuses.extend([200; ROW]);

        assert_eq!(since(&statuses), Some(301));
    }

    #[test]
    fn few_answers_in_a_row_may_be_luck() {
        assert_eq!(since(&[200; ROW - 1]), None);
        assert_eq!(since(&[]), None);
    }
}
