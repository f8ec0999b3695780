//! One request of a load, as it is written to the output and read back by a test.

use std::{net::IpAddr, path::Path};

use serde::{Deserialize, Serialize};

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// When it was sent, in milliseconds of Unix time.
    pub at_ms: u64,
    /// When its answer was complete, or it failed.
    pub done_ms: u64,
    /// The URL that was asked for.
    pub target: String,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The address the origin saw the request come from, if the origin answered.
    pub peer: Option<IpAddr>,
    /// Why there was no answer.
    pub error: Option<String>,
}

/// Reads the output of a load, which may still be running.
pub fn read_samples(path: &Path) -> anyhow::Result<Vec<Sample>> {
    crate::json_lines::read(path)
}
