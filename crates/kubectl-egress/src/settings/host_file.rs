//! Reads a list of hosts from a file or from standard input.
//!
//! Knows files; [`egress_core::host_list`] parses their content.

use std::io::{self, Read};
use std::path::Path;

use egress_core::host_list::{self, HostEntry, HostListError, MAXIMUM_BYTES};

use crate::exit::Failure;
use crate::files;

/// The name that means standard input.
pub(super) const STDIN: &str = "-";

/// Reads the hosts of one `-f`.
pub(super) fn read(name: &str) -> Result<Vec<HostEntry>, Failure> {
    let text =
        if name == STDIN { limited(io::stdin()) } else { files::open(Path::new(name)).and_then(limited) };
    let text = text.map_err(|error| {
        Failure::usage(
            format!("cannot read `{}`: {}", shown(name), files::reason(&error)),
            hint_for_io(&error),
        )
    })?;
    host_list::parse(&text).map_err(|error| refused(name, &error))
}

/// The name of a file in messages.
pub(super) fn shown(name: &str) -> String {
    if name == STDIN { "standard input".to_owned() } else { egress_core::host::printable(name) }
}

/// One byte more than the limit is enough to see that a text is too long.
fn limited(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    reader.take(MAXIMUM_BYTES as u64 + 1).read_to_end(&mut text)?;
    Ok(text)
}

fn hint_for_io(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::IsADirectory => "name the files: `-f a.txt -f b.txt`".to_owned(),
        _ => "name a file, or `-` for standard input: `-f -`".to_owned(),
    }
}

fn refused(name: &str, error: &HostListError) -> Failure {
    let hint = match error {
        HostListError::Target { error, .. } => crate::exit::target_hint(error),
        HostListError::TooMany | HostListError::TooLong => "split the file".to_owned(),
        _ => "write one host a line, or a YAML list: `- edition.cnn.com`".to_owned(),
    };
    Failure::usage(format!("{}: {error}", shown(name)), hint)
}
