//! `__compile-policy`: the process that compiles a policy to native code. See `egress_policy_wasm::compile`.
//!
//! Not for users. It limits its own resources before it reads a byte.

use std::io;

use crate::exit::Code;
use crate::terminal::Terminal;

/// Compiles the module from stdin.
pub(super) fn run(terminal: &mut Terminal) -> anyhow::Result<Code> {
    let code = egress_policy_wasm::compile::serve(io::stdin().lock())?;
    terminal.bytes(&code)?;
    Ok(Code::Done)
}
