//! Wall time of commands, from start to end. Knows nothing of what they do.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};

/// The times of several runs, in ascending order.
pub(super) struct Times(Vec<Duration>);

impl Times {
    pub(super) fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// Half of the runs were quicker.
    pub(super) fn median(&self) -> Duration {
        self.at(50)
    }

    /// Nine of ten runs were quicker.
    pub(super) fn slow(&self) -> Duration {
        self.at(90)
    }

    fn at(&self, percent: usize) -> Duration {
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * percent / 100).copied().unwrap_or_default()
    }
}

/// Runs a command once; fails when it does, with its last words.
pub(super) fn time(command: &mut Command) -> anyhow::Result<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let start = Instant::now();
    let output = command.output().with_context(|| format!("running {command:?}"))?;
    let elapsed = start.elapsed();
    let words = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} ended with {}: {}", output.status, words.trim());
    Ok(elapsed)
}

/// Runs a command several times, after once to warm the caches.
pub(super) fn times(command: &mut Command, runs: usize) -> anyhow::Result<Times> {
    time(command)?;
    let times: anyhow::Result<_> = (0..runs).map(|_| time(command)).collect();
    Ok(Times::of(times?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_does_not_depend_on_the_order_of_runs() {
        let times = Times::of([5, 1, 4, 2, 30].map(Duration::from_millis).to_vec());

        assert_eq!(times.median(), Duration::from_millis(4));
        assert_eq!(times.slow(), Duration::from_millis(5));
    }

    #[test]
    fn a_command_that_fails_is_no_measurement() {
        assert!(time(Command::new("sh").args(["-c", "exit 1"])).is_err());
    }
}
