//! Long work, told to the person who waits: what it is and how long it usually takes, that it goes on, how long it took.
//!
//! Knows nothing of the work.

use std::{
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use crate::progress;

/// How long to be silent about work that goes on.
const SILENCE: Duration = Duration::from_secs(30);

/// Does the work. `usual` is how long it takes on two processors where nothing is cached.
///
/// # Errors
/// Those of the work.
pub fn timed<T>(what: &str, usual: Duration, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    progress::tell(format_args!("{what} (usually {}) …", words(usual)));
    let start = Instant::now();
    let done = thread::scope(|scope| {
        let (end, ended) = mpsc::channel::<()>();
        scope.spawn(move || {
            while ended.recv_timeout(SILENCE) == Err(RecvTimeoutError::Timeout) {
                let passed = words(start.elapsed());
                progress::tell(format_args!("  {what}: {passed} passed, usually {}", words(usual)));
            }
        });
        let done = work();
        drop(end);
        done
    });
    let end = if done.is_ok() { "done" } else { "failed" };
    progress::tell(format_args!("{what}: {end} in {}", words(start.elapsed())));
    done
}

/// A time as people say it: `45 s`, `2 min`, `2 min 10 s`.
pub fn words(time: Duration) -> String {
    let seconds = (time + Duration::from_millis(500)).as_secs();
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_in_minutes_and_seconds() {
        let said = [0, 59, 60, 61, 600].map(|seconds| words(Duration::from_secs(seconds)));

        assert_eq!(said, ["0 s", "59 s", "1 min", "1 min 1 s", "10 min"]);
    }

    #[test]
    fn the_end_of_the_work_is_the_end() {
        assert_eq!(timed("work", Duration::ZERO, || Ok(7)).unwrap(), 7);
        assert!(timed("work", Duration::ZERO, || anyhow::bail!("no") as anyhow::Result<()>).is_err());
    }
}
