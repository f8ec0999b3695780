//! `__compile-policy`: the process that makes native code of a policy. See `egress_policy::compile`.
//!
//! Nobody types it. It limits itself before it reads a byte.

use std::io;

use crate::exit::Code;
use crate::terminal::Terminal;

/// Makes native code of what comes from stdin.
pub(super) fn run(terminal: &mut Terminal) -> anyhow::Result<Code> {
    let code = egress_policy::compile::serve(io::stdin().lock())?;
    terminal.bytes(&code)?;
    Ok(Code::Done)
}
