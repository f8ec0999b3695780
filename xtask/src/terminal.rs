//! The only place of these tasks that prints: results on stdout, everything else on stderr.

use std::io::{self, Write as _};

pub(crate) use testbed::progress::tell as progress;

/// Prints a line of the result.
pub(crate) fn result(text: impl std::fmt::Display) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}
