//! A diagnosis as numbers: how many findings each check has in each namespace.
//!
//! Knows columns. The report decides what counts as one finding.

use std::collections::{BTreeMap, BTreeSet};

use egress_diagnose::finding::{CauseScope, Code, HostName, Level};
use egress_diagnose::report::Report;

use super::closing;
use super::layout::ReportLayout;
use super::page::Page;
use crate::palette::Palette;
use crate::table::Table;

/// One row.
struct Count<'a> {
    name: &'static str,
    findings: usize,
    hosts: BTreeSet<&'a HostName>,
    /// Whether it concerns the mesh as a whole.
    is_of_mesh: bool,
}

/// The counts as a table, and the line that sums them up. Without findings only the line.
pub fn summary(report: &Report, palette: &Palette, elapsed: Option<std::time::Duration>) -> String {
    let mut rows: BTreeMap<(&str, std::cmp::Reverse<Level>, Code), Count<'_>> = BTreeMap::new();
    for cause in report.open() {
        let namespace = cause.object.namespace.as_deref().unwrap_or_default();
        let key = (namespace, std::cmp::Reverse(cause.level), cause.code);
        let count = rows.entry(key).or_insert(Count {
            name: cause.name,
            findings: 0,
            hosts: BTreeSet::new(),
            is_of_mesh: cause.scope == CauseScope::Mesh,
        });
        count.findings += 1;
        count.hosts.extend(cause.affects.iter().map(AsRef::as_ref));
    }
    let mut table = Table::new(vec!["NAMESPACE", "CODE", "LEVEL", "FINDINGS", "HOSTS", "CHECK"]);
    for ((namespace, level, code), count) in rows {
        table.push(vec![
            namespace.to_owned(),
            code.to_string(),
            level.0.to_string(),
            count.findings.to_string(),
            if count.is_of_mesh { "mesh".to_owned() } else { count.hosts.len().to_string() },
            count.name.to_owned(),
        ]);
    }
    let mut text = table.render(true);
    if !text.is_empty() {
        text.push('\n');
    }
    let mut page = Page::new(&ReportLayout::of(palette));
    closing::unreadable(&mut page, &report.unreadable);
    page.gap();
    closing::counts(&mut page, report, elapsed);
    text + &page.into_text()
}
