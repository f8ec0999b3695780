//! What is found, missed and told of healthy clusters: every case of `tests/diagnose`, as files, by both programs.
//!
//! Whether a word of istioctl names a fault is judged by people, once, in `accepted.txt`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use anyhow::{Context as _, ensure};
use serde::Serialize as _;
use tempfile::TempDir;

use super::{
    cases::{self, ClusterCase},
    istioctl::Istioctl,
    kubectl_egress,
};
use crate::terminal;

const ACCEPTED: &str = include_str!("accepted.txt");

/// One program, over the cases of one code.
#[derive(Default, Clone)]
struct Counts {
    found: usize,
    /// Healthy clusters of which it tells a fault.
    wrong: usize,
    /// What it tells of them.
    words: BTreeSet<String>,
}

/// The counts of one check.
#[derive(Default)]
struct CheckRow {
    broken: usize,
    healthy: usize,
    istioctl: Counts,
    kubectl_egress: Counts,
}

/// Runs both programs over every case.
pub(super) fn table(plugin: &Path, istioctl: &Istioctl) -> anyhow::Result<String> {
    let accepted = accepted(ACCEPTED)?;
    let folder = TempDir::new()?;
    let cases = cases::all()?;
    terminal::progress(format_args!("asking both programs about {} clusters …", cases.len()));
    let mut rows: BTreeMap<&str, CheckRow> = BTreeMap::new();
    let mut beyond = BTreeSet::new();
    for case in &cases {
        if case.beyond_objects {
            beyond.insert(case.group.as_str());
            continue;
        }
        let file = folder.path().join("cluster.yaml");
        write(case, &file)?;
        let theirs = istioctl.analyse(&file)?.into_iter().map(|finding| finding.code).collect();
        let own = kubectl_egress::codes(plugin, &file, &case.asked)?;
        let row = rows.entry(case.group.as_str()).or_default();
        *(if case.is_broken() { &mut row.broken } else { &mut row.healthy }) += 1;
        let names = |code: &String| accepted.contains(&(case.group.as_str(), code.as_str()));
        row.istioctl.count(case, theirs, names);
        row.kubectl_egress.count(case, own, |code| *code == case.group);
    }
    Ok(text(&rows, &beyond))
}

impl Counts {
    fn count(&mut self, case: &ClusterCase, told: BTreeSet<String>, names: impl Fn(&String) -> bool) {
        if case.is_broken() {
            self.found += usize::from(told.iter().any(names));
        } else if !told.is_empty() {
            self.wrong += 1;
            self.words.extend(told);
        }
    }

    fn add(&mut self, other: &Counts) {
        self.found += other.found;
        self.wrong += other.wrong;
    }

    fn cells(&self, broken: usize) -> String {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let told = if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) };
        format!("{} | {} | {}{told}", self.found, broken - self.found, self.wrong)
    }
}

/// Pairs of a code of ours and one of istioctl, from the reviewed list.
fn accepted(text: &str) -> anyhow::Result<BTreeSet<(&str, &str)>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.splitn(3, ' ');
            let pair = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let reviewed = words.next().is_some_and(|why| !why.is_empty());
            ensure!(
                pair.0.starts_with("EG") && pair.1.starts_with("IST") && reviewed,
                "accepted.txt: {line}"
            );
            Ok(pair)
        })
        .collect()
}

fn write(case: &ClusterCase, file: &Path) -> anyhow::Result<()> {
    let mut text = Vec::new();
    for object in &case.objects {
        text.extend_from_slice(b"---\n");
        object
            .serialize(&mut serde_yaml::Serializer::new(&mut text))
            .with_context(|| format!("{}/{}", case.group, case.name))?;
    }
    Ok(fs::write(file, text)?)
}

fn text(rows: &BTreeMap<&str, CheckRow>, beyond: &BTreeSet<&str>) -> String {
    let mut text = "\
| | broken | healthy | istioctl found | missed | false | kubectl egress found | missed | false |
|---|---:|---:|---:|---:|---|---:|---:|---|
"
    .to_owned();
    let mut sum = CheckRow::default();
    let mut line = |name: &str, row: &CheckRow| {
        let (theirs, own) = (row.istioctl.cells(row.broken), row.kubectl_egress.cells(row.broken));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {name} | {} | {} | {theirs} | {own} |", row.broken, row.healthy);
    };
    for (name, row) in rows {
        line(name, row);
        sum.broken += row.broken;
        sum.healthy += row.healthy;
        sum.istioctl.add(&row.istioctl);
        sum.kubectl_egress.add(&row.kubectl_egress);
    }
    line("**all**", &sum);
    let codes = |found: fn(&CheckRow) -> usize| {
        rows.values().filter(|row| row.broken > 0 && found(row) == row.broken).count()
    };
    let with_faults = rows.values().filter(|row| row.broken > 0).count();
    let _ = writeln!(
        text,
        "\nOf {with_faults} codes, istioctl finds {} in every case and kubectl egress {}.",
        codes(|row| row.istioctl.found),
        codes(|row| row.kubectl_egress.found),
    );
    if !beyond.is_empty() {
        let names: Vec<&str> = beyond.iter().copied().collect();
        let _ = writeln!(
            text,
            "Cases of {} are left out whose fault shows in an Envoy, in istiod, in rights, in policies, in another cluster, or in that a kind has no objects at all: no file says so.",
            names.join(", ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_judgement_has_a_reason() {
        assert!(!accepted(ACCEPTED).unwrap().is_empty());
        assert!(accepted("EG003 IST0101").is_err());
        assert!(accepted("EG003 KIA0101 why").is_err());
    }

    #[test]
    fn a_finding_that_does_not_name_the_fault_finds_nothing() {
        let case = ClusterCase {
            group: "EG003".to_owned(),
            name: "bad".to_owned(),
            objects: Vec::new(),
            asked: Vec::new(),
            beyond_objects: false,
        };
        let mut counts = Counts::default();
        counts.count(&case, ["IST0129".to_owned()].into(), |code| code == "IST0101");
        assert_eq!((counts.found, counts.wrong), (0, 0));
    }
}
