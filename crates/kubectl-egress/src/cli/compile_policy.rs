//! `__compile-policy`: how this program makes native code of a policy, in a process of its own.

use clap::Args;

/// Reads a module from stdin and writes native code to stdout.
#[derive(Args, Debug)]
pub struct CompilePolicy {}
