//! `__check-settings`: the process that holds settings against a JSON Schema. See `policies::schema`.
//!
//! Nobody types it. It limits itself before it reads a byte.

use std::io;

use crate::exit::Code;
use crate::policies::schema;
use crate::terminal::Terminal;

/// Checks what comes from stdin.
pub(super) fn run(terminal: &mut Terminal) -> anyhow::Result<Code> {
    let answer = schema::serve(io::stdin().lock())?;
    terminal.bytes(&answer)?;
    Ok(Code::Done)
}
