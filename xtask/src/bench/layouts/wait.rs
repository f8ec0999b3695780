//! Waiting for something to be seen, never longer than a limit. Knows nothing of what is waited for.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::bail;

/// How often it is looked at.
const INTERVAL: Duration = Duration::from_millis(250);

/// Looks until something is seen; an error ends the wait at once.
pub(super) fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let start = Instant::now();
    loop {
        if let Some(seen) = look()? {
            return Ok(seen);
        }
        if start.elapsed() > limit {
            bail!("waited {} s for {what}", limit.as_secs());
        }
        thread::sleep(INTERVAL);
    }
}
