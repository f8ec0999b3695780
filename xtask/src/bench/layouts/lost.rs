//! Requests that the origin did not answer through the gateway: how many, how, and when. Pure.

use std::{collections::BTreeMap, time::Duration};

use testbed::load::Sample;

/// The lost requests of each protocol.
pub(super) struct Lost {
    pub(super) http: Share,
    pub(super) tls: Share,
}

/// Some of so many.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) lost: usize,
    pub(super) sent: usize,
}

impl Lost {
    /// Of the requests sent since a moment, those that were not carried.
    pub(super) fn since(samples: &[Sample], start: u64, carried: impl Fn(&Sample) -> bool) -> Self {
        let share = |scheme: &str| {
            let sent = |sample: &&Sample| sample.at_ms >= start && sample.target.starts_with(scheme);
            let sent = || samples.iter().filter(sent);
            Share { lost: sent().filter(|sample| !carried(sample)).count(), sent: sent().count() }
        };
        Self { http: share("http:"), tls: share("https:") }
    }
}

/// How requests were lost, and when: in seconds from the moment at which the pod left. What is lost before is the machine's
/// doing.
pub(super) fn told(samples: &[Sample], start: u64, carried: impl Fn(&Sample) -> bool) -> Vec<String> {
    let mut lost: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| !carried(sample)) {
        let scheme = sample.target.split(':').next().unwrap_or_default();
        let words = format!("{scheme}, {}", answer(sample));
        let [at, start] = [sample.at_ms, start].map(|time| Duration::from_millis(time).as_secs_f64());
        lost.entry(words).or_default().push(at - start);
    }
    let told = |(words, times): (String, Vec<f64>)| {
        let earliest = times.iter().copied().fold(f64::INFINITY, f64::min);
        let latest = times.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        format!("  lost: {} × {words}, sent {earliest:.1} to {latest:.1} s after the pod left", times.len())
    };
    lost.into_iter().map(told).collect()
}

/// What came of a request.
pub(super) fn answer(sample: &Sample) -> String {
    let answer = sample.status.map(|status| status.to_string()).or_else(|| sample.error.clone());
    answer.unwrap_or_else(|| "no answer".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(at_ms: u64, status: Option<u16>, error: Option<&str>) -> Sample {
        let (target, error) = ("https://a.example.com/".to_owned(), error.map(str::to_owned));
        Sample { at_ms, done_ms: at_ms, target, status, peer: None, error }
    }

    fn samples() -> [Sample; 4] {
        [
            sample(9_500, None, Some("timed out")),
            sample(10_000, Some(200), None),
            sample(11_200, None, Some("timed out")),
            sample(11_300, Some(503), None),
        ]
    }

    #[test]
    fn requests_before_the_moment_are_not_counted() {
        let lost = Lost::since(&samples(), 10_000, |sample| sample.status == Some(200));

        assert_eq!(lost.tls, Share { lost: 2, sent: 3 });
        assert_eq!(lost.http, Share { lost: 0, sent: 0 });
    }

    #[test]
    fn lost_requests_are_told_with_their_reason_and_their_time() {
        assert_eq!(
            told(&samples(), 10_000, |sample| sample.status == Some(200)),
            [
                "  lost: 1 × https, 503, sent 1.3 to 1.3 s after the pod left",
                "  lost: 2 × https, timed out, sent -0.5 to 1.2 s after the pod left",
            ]
        );
    }
}
