//! What one run of a command costs: wall time, processor time, and the most memory it held.
//!
//! Processor time is what stays the same on a machine that others use as well.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use wait4::Wait4 as _;

/// The cost of one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// From start to end.
    pub(super) wall: Duration,
    /// Of all its threads, in user and kernel space.
    pub(super) processor: Duration,
    /// Bytes.
    pub(super) memory: u64,
}

/// Runs a command several times. Of each figure the median counts; codes other than these are failures.
pub(super) fn median(command: &mut Command, codes: &[i32], runs: usize) -> anyhow::Result<Cost> {
    let costs: Vec<Cost> = (0..runs.max(1)).map(|_| once(command, codes)).collect::<anyhow::Result<_>>()?;
    let middle = |figure: fn(&Cost) -> u128| {
        let mut figures: Vec<u128> = costs.iter().map(figure).collect();
        figures.sort_unstable();
        figures
            .get(figures.len() / 2)
            .copied()
            .and_then(|found| u64::try_from(found).ok())
            .unwrap_or_default()
    };
    Ok(Cost {
        wall: Duration::from_nanos(middle(|cost| cost.wall.as_nanos())),
        processor: Duration::from_nanos(middle(|cost| cost.processor.as_nanos())),
        memory: middle(|cost| u128::from(cost.memory)),
    })
}

/// A time as the tables write it.
pub(super) fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// Bytes as the tables write them.
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes / 1_000_000)
}

fn once(command: &mut Command, codes: &[i32]) -> anyhow::Result<Cost> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let child = command.spawn().with_context(|| format!("running {command:?}"))?;
    let used = child.wait4()?;
    let wall = start.elapsed();
    let known = used.status.code().is_some_and(|code| codes.contains(&code));
    ensure!(known, "{command:?} ended with {}", used.status);
    Ok(Cost { wall, processor: used.rusage.utime + used.rusage.stime, memory: used.rusage.maxrss })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_holds_memory_is_seen_to_hold_it() {
        let script = "x=$(head -c 50000000 /dev/zero | tr '\\0' x); exit 1";
        let cost = median(Command::new("sh").args(["-c", script]), &[1], 1).unwrap();

        assert!(cost.memory > 40_000_000, "{cost:?}");
        assert!(cost.wall > Duration::ZERO);
    }

    #[test]
    fn an_unknown_code_is_no_measurement() {
        assert!(median(Command::new("sh").args(["-c", "exit 2"]), &[0, 1], 1).is_err());
    }
}
