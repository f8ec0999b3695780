//! What a comparison comes to: figures by source, where the two sides part, and the first differences.
//!
//! Makes text. Compares nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use tabwriter::TabWriter;
use testbed::oracle::IstiodPanic;

use super::workers::ComparedCluster;

/// OracleFigures of some clusters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OracleFigures {
    pub(super) clusters: usize,
    pub(super) calls: usize,
    /// Calls that pass a gateway.
    pub(super) through_gateways: usize,
    pub(super) differences: usize,
    pub(super) undecided: usize,
    pub(super) rejected: usize,
    /// Clusters on which istiod's own code panics: there is nothing to compare with.
    pub(super) panics: usize,
    /// Other clusters without an answer.
    pub(super) unanswered: usize,
    /// Clusters with a difference, and other clusters without an answer.
    pub(super) failed: usize,
}

impl OracleFigures {
    fn add(&mut self, outcome: &ComparedCluster) {
        self.clusters += 1;
        let verdict = match &outcome.verdict {
            Ok(verdict) => verdict,
            Err(error) if error.is::<IstiodPanic>() => {
                self.panics += 1;
                return;
            }
            Err(_) => {
                self.unanswered += 1;
                self.failed += 1;
                return;
            }
        };
        self.calls += verdict.calls;
        self.through_gateways += verdict.through_gateways;
        self.differences += verdict.differences.len();
        self.undecided += verdict.undecided;
        self.rejected += verdict.rejected.len();
        self.failed += usize::from(!verdict.differences.is_empty());
    }

    /// Of all of these.
    pub(super) fn of(outcomes: &[ComparedCluster]) -> Self {
        let mut figures = OracleFigures::default();
        for outcome in outcomes {
            figures.add(outcome);
        }
        figures
    }
}

/// The whole report, with so many differences in full.
pub(super) fn report(outcomes: &[ComparedCluster], show: usize) -> anyhow::Result<String> {
    let mut text = by_source(outcomes)?;
    let partings = by_parting(outcomes)?;
    if !partings.is_empty() {
        text.push('\n');
        text.push_str(&partings);
    }
    for outcome in outcomes {
        if let Err(error) = &outcome.verdict {
            writeln!(text, "\n{} {}: {error:#}", outcome.source, outcome.name)?;
        }
    }
    for (outcome, difference) in differences(outcomes).take(show) {
        write!(text, "\n{} {}: {difference}", outcome.source, outcome.name)?;
    }
    Ok(text)
}

fn by_source(outcomes: &[ComparedCluster]) -> anyhow::Result<String> {
    let mut figures: BTreeMap<&str, OracleFigures> = BTreeMap::new();
    for outcome in outcomes {
        figures.entry(&outcome.source).or_default().add(outcome);
    }
    let rows = figures.iter().map(|(source, figures)| (*source, *figures));
    let rows = rows.chain([("all", OracleFigures::of(outcomes))]);
    let mut lines = vec![
        "SOURCE\tCLUSTERS\tCALLS\tTHROUGH GATEWAYS\tDIFFERENCES\tUNDECIDED\tREJECTED\tPANICS\tUNANSWERED"
            .to_owned(),
    ];
    lines.extend(
        rows.map(|(source, figures)| {
            let OracleFigures {
                clusters,
                calls,
                through_gateways,
                differences,
                undecided,
                rejected,
                panics,
                unanswered,
                failed: _,
            } = figures;
            format!(
                "{source}\t{clusters}\t{calls}\t{through_gateways}\t{differences}\t{undecided}\t{rejected}\t{panics}\t{unanswered}"
            )
        }),
    );
    table(&lines)
}

/// How often the two sides part at which place, most often first, each with a cluster where they do.
fn by_parting(outcomes: &[ComparedCluster]) -> anyhow::Result<String> {
    let mut partings: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for (outcome, difference) in differences(outcomes) {
        let example = || (0, format!("{} {}", outcome.source, outcome.name));
        partings.entry(difference.parting()).or_insert_with(example).0 += 1;
    }
    if partings.is_empty() {
        return Ok(String::new());
    }
    let mut partings: Vec<_> = partings.into_iter().collect();
    partings.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    let mut lines = vec!["THEY PART AT\tDIFFERENCES\tFOR EXAMPLE".to_owned()];
    lines.extend(
        partings.into_iter().map(|(parting, (count, example))| format!("{parting}\t{count}\t{example}")),
    );
    table(&lines)
}

fn differences(
    outcomes: &[ComparedCluster],
) -> impl Iterator<Item = (&ComparedCluster, &super::difference::Difference)> {
    outcomes.iter().flat_map(|outcome| {
        let verdict = outcome.verdict.as_ref().ok();
        verdict.into_iter().flat_map(move |verdict| verdict.differences.iter().map(move |it| (outcome, it)))
    })
}

fn table(lines: &[String]) -> anyhow::Result<String> {
    let mut table = TabWriter::new(Vec::new()).padding(3);
    for line in lines {
        writeln!(table, "{line}")?;
    }
    table.flush()?;
    let written = table.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(String::from_utf8(written)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oracle::judge::ComparedCalls;

    fn outcome(verdict: anyhow::Result<ComparedCalls>) -> ComparedCluster {
        ComparedCluster { source: "grammar".to_owned(), name: "1-1".to_owned(), verdict }
    }

    #[test]
    fn clusters_are_counted_by_source() {
        let equal = ComparedCalls {
            calls: 60,
            through_gateways: 7,
            differences: Vec::new(),
            undecided: 2,
            rejected: vec!["x".to_owned()],
        };
        let outcomes = [outcome(Ok(equal)), outcome(Err(anyhow::anyhow!("no answer within 60 s")))];

        let text = report(&outcomes, 5).unwrap();

        let lines: Vec<_> =
            text.lines().take(3).map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
        assert_eq!(lines[1], ["grammar", "2", "60", "7", "0", "2", "1", "0", "1"]);
        assert_eq!(lines[2], ["all", "2", "60", "7", "0", "2", "1", "0", "1"]);
        assert!(text.contains("grammar 1-1: no answer within 60 s"));
        assert_eq!(OracleFigures::of(&outcomes).failed, 1);
    }
}
