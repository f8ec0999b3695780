//! Ends calls that take too long: one thread that moves the engine's epoch on when the time of a call is up.
//!
//! The thread is there only while there are calls, and shortly after the last one, so that many short calls share one.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long the thread waits for another call.
const IDLE: Duration = Duration::from_millis(50);
/// How often a call whose time is up is told so, until it has ended.
const TICK: Duration = Duration::from_millis(5);

/// Watches the calls of one engine.
pub(crate) struct Deadlines {
    shared: Arc<Shared>,
}

struct Shared {
    engine: wasmtime::Engine,
    state: Mutex<DeadlineState>,
    changed: Condvar,
}

#[derive(Default)]
struct DeadlineState {
    /// When the time of each call is up.
    deadlines: BTreeMap<u64, Instant>,
    next: u64,
    /// There is a thread.
    watched: bool,
    /// The engine is gone.
    closed: bool,
}

/// A call that is watched until this is dropped.
pub(crate) struct DeadlineGuard<'a> {
    shared: &'a Shared,
    number: u64,
}

impl Deadlines {
    pub(crate) fn new(engine: wasmtime::Engine) -> Self {
        let shared = Shared { engine, state: Mutex::default(), changed: Condvar::new() };
        Self { shared: Arc::new(shared) }
    }

    /// Watches a call until its deadline. Fails where no thread can be started.
    pub(crate) fn watch(&self, deadline: Instant) -> io::Result<DeadlineGuard<'_>> {
        let mut state = self.shared.lock();
        if !state.watched {
            let shared = Arc::clone(&self.shared);
            thread::Builder::new().name("policy deadline".to_owned()).spawn(move || shared.watch())?;
            state.watched = true;
        }
        let number = state.next;
        state.next += 1;
        state.deadlines.insert(number, deadline);
        Ok(DeadlineGuard { shared: &self.shared, number })
    }
}

impl Drop for Deadlines {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
    }
}

impl Drop for DeadlineGuard<'_> {
    fn drop(&mut self) {
        self.shared.lock().deadlines.remove(&self.number);
    }
}

impl Shared {
    /// Nothing in here panics while it holds the lock, so that a poisoned one is as good as any.
    fn lock(&self) -> MutexGuard<'_, DeadlineState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watch(&self) {
        let mut state = self.lock();
        while !state.closed {
            // All calls have the same time, so that none that comes later ends earlier than the one waited for.
            let wait = match state.deadlines.values().min() {
                None => IDLE,
                Some(deadline) => match deadline.saturating_duration_since(Instant::now()) {
                    Duration::ZERO => {
                        self.engine.increment_epoch();
                        TICK
                    }
                    left => left,
                },
            };
            let idle = state.deadlines.is_empty();
            state = self
                .changed
                .wait_timeout(state, wait)
                .map_or_else(|poisoned| poisoned.into_inner().0, |(state, _)| state);
            if idle && state.deadlines.is_empty() {
                break;
            }
        }
        state.watched = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_is_gone_when_there_is_nothing_to_watch() {
        let deadlines = Deadlines::new(wasmtime::Engine::default());
        drop(deadlines.watch(Instant::now()).expect("a thread"));
        let started = Instant::now();
        while deadlines.shared.lock().watched {
            assert!(started.elapsed() < Duration::from_secs(30), "the thread is still there");
            thread::yield_now();
        }
        let again = deadlines.watch(Instant::now() + Duration::from_mins(1)).expect("a thread");
        assert!(deadlines.shared.lock().watched);
        drop(again);
    }
}
