//! What was measured, as one table.
//!
//! Knows no bench.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use tabwriter::TabWriter;

use super::stopwatch::Times;

/// One thing that is measured: how long it takes us, and how long something comparable takes.
pub(super) struct Comparison {
    pub(super) what: String,
    pub(super) ours: Times,
    pub(super) peer: String,
    pub(super) theirs: Times,
}

/// Prints the table.
pub(super) fn print(rows: &[Comparison]) -> anyhow::Result<()> {
    let mut table = TabWriter::new(io::stdout()).padding(3);
    writeln!(table, "WHAT\tMEDIAN\tP90\tBESIDE\tMEDIAN")?;
    for Comparison { what, ours, peer, theirs } in rows {
        let [median, slow, beside] = [ours.median(), ours.slow(), theirs.median()].map(milliseconds);
        writeln!(table, "{what}\t{median}\t{slow}\t{peer}\t{beside}")?;
    }
    Ok(table.flush()?)
}

/// A time as tables have it: `12.5 ms`.
pub(super) fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
