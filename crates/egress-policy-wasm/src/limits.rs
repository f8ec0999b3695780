//! How much a policy may use. Every limit is on by default.
//!
//! Numbers only: who holds a policy to them is `store`, `deadline`, `inspect`, `compile` and `convert`.

use std::time::Duration;

/// What one module, and each call of it, may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Instructions of one call, roughly. The same call uses the same amount on every machine.
    pub fuel: u64,
    /// Time of one call.
    pub wall: Duration,
    /// Bytes in all linear memories of one call together.
    pub memory: usize,
    /// Bytes copied out of the policy, for one answer or one line of its log.
    pub hostcall_fuel: usize,
    /// Entries in all tables of one call together.
    pub tables: usize,
    /// Instances, memories and tables that a module may be made of. Python's are made of more than 32.
    pub instances: usize,
    /// Bytes of the module.
    pub module: usize,
    /// Bytes of the native code made of it.
    pub native: usize,
    /// Time for making native code.
    pub compile: Duration,
    /// Findings in one answer; twice the destinations where that is more.
    pub findings: usize,
    /// Steps in one trace; what is beyond is left out.
    pub steps: usize,
    /// Bytes of one text in an answer; what is beyond is cut off.
    pub text: usize,
    /// Nodes in a request.
    pub nodes: usize,
    /// Destinations, and existing egresses, in a request.
    pub destinations: usize,
    /// Lines that one call may log; what is beyond is counted and left out.
    pub log_lines: usize,
    /// Bytes of one line.
    pub log_line: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 2_000_000_000,
            wall: Duration::from_secs(2),
            memory: 64 << 20,
            hostcall_fuel: 4 << 20,
            tables: 20_000,
            instances: 128,
            module: 32 << 20,
            native: 256 << 20,
            compile: Duration::from_mins(1),
            findings: 256,
            steps: 1_024,
            text: 4 << 10,
            nodes: 5_000,
            destinations: 50_000,
            log_lines: 64,
            log_line: 512,
        }
    }
}
