//! `__check-settings`: the process that validates settings with a JSON Schema. See `policies::schema`.
//!
//! Not for users. It limits its own resources before it reads a byte.

use std::io;

use crate::exit::Code;
use crate::policies::schema;
use crate::terminal::Terminal;

/// Checks the settings from stdin.
pub(super) fn run(terminal: &mut Terminal) -> anyhow::Result<Code> {
    let answer = schema::serve(io::stdin().lock())?;
    terminal.bytes(&answer)?;
    Ok(Code::Done)
}
