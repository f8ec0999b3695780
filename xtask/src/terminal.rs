//! The only place of these tasks that prints: results on stdout, everything else on stderr.

use std::io::{self, Write as _};

/// Tells the person who waits what is going on.
pub(crate) fn progress(text: impl std::fmt::Display) {
    // Nothing sensible is left to do when stderr is closed.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints a line of the result.
pub(crate) fn result(text: impl std::fmt::Display) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}
