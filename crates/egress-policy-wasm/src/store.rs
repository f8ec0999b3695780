//! What one call has to itself: its share of memory and tables, and its log.
//!
//! Memory is counted over all memories of the call together, as a module may be made of many.

use std::fmt;
use std::time::Duration;

use thiserror::Error;
use wasmtime::ResourceLimiter;

use crate::bindings::kubectl_egress::policy::{log, types};
use crate::limits::Limits;
use crate::{text, words};

/// What belongs to one call and ends with it.
pub(crate) struct CallState {
    memory: Share,
    tables: Share,
    /// Instances, memories and tables, of each kind.
    parts: usize,
    lines: Vec<String>,
    /// Lines that were left out.
    unread: usize,
    log_lines: usize,
    log_line: usize,
}

/// A limit and what is left of it.
struct Share {
    limit: usize,
    left: usize,
}

/// A limit that was reached, in words.
#[derive(Debug, Error)]
pub(crate) enum Exceeded {
    #[error("{} of memory", words::size(*.0))]
    Memory(usize),
    #[error("{} table entries", words::count(*.0))]
    Tables(usize),
    #[error("{}", words::time(*.0))]
    Time(Duration),
}

impl CallState {
    pub(crate) fn new(limits: &Limits) -> Self {
        let share = |limit| Share { limit, left: limit };
        Self {
            memory: share(limits.memory),
            tables: share(limits.tables),
            parts: limits.instances,
            lines: Vec::new(),
            unread: 0,
            log_lines: limits.log_lines,
            log_line: limits.log_line,
        }
    }

    /// What was logged, and how much of it was left out.
    pub(crate) fn into_log(mut self) -> Vec<String> {
        match self.unread {
            0 => (),
            1 => self.lines.push("(1 more line was left out)".to_owned()),
            unread => self.lines.push(format!("({} more lines were left out)", words::count(unread))),
        }
        self.lines
    }
}

impl Share {
    fn take(
        &mut self,
        current: usize,
        desired: usize,
        exceeded: fn(usize) -> Exceeded,
    ) -> wasmtime::Result<()> {
        match self.left.checked_sub(desired.saturating_sub(current)) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(exceeded(self.limit).into()),
        }
    }
}

impl ResourceLimiter for CallState {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        max: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // What a module forbids itself fails for it alone, as it would anywhere.
        if max.is_some_and(|max| desired > max) {
            return Ok(false);
        }
        self.memory.take(current, desired, Exceeded::Memory)?;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        max: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if max.is_some_and(|max| desired > max) {
            return Ok(false);
        }
        self.tables.take(current, desired, Exceeded::Tables)?;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.parts
    }

    fn tables(&self) -> usize {
        self.parts
    }

    fn memories(&self) -> usize {
        self.parts
    }
}

impl types::Host for CallState {}

impl log::Host for CallState {
    fn log(&mut self, level: log::Level, message: String) {
        if self.lines.len() == self.log_lines {
            self.unread += 1;
        } else {
            self.lines.push(format!("{}: {}", Word(level), text::clean(&message, self.log_line)));
        }
    }
}

struct Word(log::Level);

impl fmt::Display for Word {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            log::Level::Debug => "debug",
            log::Level::Info => "info",
            log::Level::Warn => "warn",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_memories_share_one_limit() {
        let mut state = CallState::new(&Limits { memory: 100, ..Limits::default() });
        assert!(state.memory_growing(0, 60, None).expect("room"));
        let error = state.memory_growing(0, 60, None).expect_err("no room");
        assert_eq!(error.to_string(), "100 bytes of memory");
    }

    #[test]
    fn a_module_may_forbid_itself_to_grow() {
        let mut state = CallState::new(&Limits::default());
        assert!(!state.memory_growing(0, 60, Some(50)).expect("no limit of ours"));
        assert!(!state.table_growing(0, 60, Some(50)).expect("no limit of ours"));
    }

    #[test]
    fn a_log_keeps_its_first_lines_and_counts_the_others() {
        let mut state = CallState::new(&Limits { log_lines: 2, log_line: 3, ..Limits::default() });
        for _ in 0..5 {
            log::Host::log(&mut state, log::Level::Info, "a\u{1b}[31mbcde".to_owned());
        }
        assert_eq!(state.into_log(), ["info: abc", "info: abc", "(3 more lines were left out)"]);
    }
}
