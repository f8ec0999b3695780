//! Waiting for a condition, never longer than a limit. Knows nothing of what is waited for.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::bail;

/// How often a condition is looked at.
const INTERVAL: Duration = Duration::from_millis(50);

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
