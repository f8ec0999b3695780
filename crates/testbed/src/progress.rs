//! What a person who waits is told, on stderr. Knows no result: the task that runs prints it.

use std::{
    fmt,
    io::{self, Write as _},
};

/// Tells the person who waits what is going on.
pub fn tell(text: impl fmt::Display) {
    // Nothing sensible is left to do when stderr is closed.
    let _ = writeln!(io::stderr(), "{text}");
}
