//! One request of a load, as it is written to the output and read back by a test.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::json_lines::{self, Position};

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
    json_lines::read(path)
}

/// The output of a running load, for those who look often.
#[derive(Debug)]
pub struct Samples {
    path: PathBuf,
    position: Position,
    read: Vec<Sample>,
}

impl Samples {
    /// Those of a file, which need not be there yet.
    pub fn of(path: PathBuf) -> Self {
        Self { path, position: Position::default(), read: Vec::new() }
    }

    /// All that are written by now.
    pub fn read(&mut self) -> anyhow::Result<&[Sample]> {
        if self.path.exists() {
            self.read.extend(json_lines::read_on(&self.path, &mut self.position)?);
        }
        Ok(&self.read)
    }
}
