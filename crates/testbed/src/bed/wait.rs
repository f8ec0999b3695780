//! Waiting for a condition, never longer than a limit. Knows nothing of what is waited for.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{anyhow, bail};

/// How often a condition is looked at.
const INTERVAL: Duration = Duration::from_millis(50);
/// How much of a log is shown when a wait fails.
const LAST_LINES: usize = 15;

/// Returns when the condition holds; an error of the condition ends the wait at once.
pub(super) fn until(
    what: &str,
    limit: Duration,
    mut condition: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let start = Instant::now();
    while !condition()? {
        if start.elapsed() > limit {
            bail!("waited {} s for {what}", limit.as_secs());
        }
        thread::sleep(INTERVAL);
    }
    Ok(())
}

/// As [`until`], and an error has the end of the log of the part that did not do what it should.
pub(super) fn until_with_log(
    log: &Path,
    what: &str,
    limit: Duration,
    condition: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    until(what, limit, condition).map_err(|error| {
        let text = fs::read(log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().collect();
        let last = lines[lines.len().saturating_sub(LAST_LINES)..].join("\n  ");
        anyhow!("{error:#}\nthe end of {}:\n  {last}", log.display())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_that_fails_shows_the_end_of_the_log() {
        let log = tempfile::NamedTempFile::new().unwrap();
        fs::write(log.path(), "first\n".repeat(LAST_LINES) + "the reason\n").unwrap();
        let error =
            until_with_log(log.path(), "a sign", Duration::ZERO, || Ok(false)).unwrap_err().to_string();
        assert!(error.starts_with("waited 0 s for a sign\n"), "{error}");
        assert!(error.ends_with("\n  first\n  the reason"), "{error}");
    }
}
