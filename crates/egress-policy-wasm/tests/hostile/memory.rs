//! How much memory this process takes while something runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How often it is looked at.
const PAUSE: Duration = Duration::from_millis(1);

/// Runs something, and says by how many bytes the memory of this process grew at most meanwhile.
pub(crate) fn growth<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = resident();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut most = before;
            while !done.load(Ordering::Relaxed) {
                most = most.max(resident());
                thread::sleep(PAUSE);
            }
            most.max(resident())
        });
        let running = Running(&done);
        let result = run();
        drop(running);
        let most = watcher.join().expect("looking at memory cannot fail");
        (result, most.saturating_sub(before))
    })
}

/// Ends the watching also where a run fails.
struct Running<'a>(&'a AtomicBool);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Bytes of this process that are in memory.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    // Where there is no such file, growth is not measured.
    pages.map_or(0, |pages| pages * 4096)
}
