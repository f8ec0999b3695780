//! The record of what arrived at the origin: one JSON line per connection and per request.
//!
//! It keeps the order of arrival and knows nothing of how a connection or a request was read.

use std::{
    collections::BTreeMap,
    fs::File,
    io,
    net::IpAddr,
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::json_lines;

/// One line of the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordLine {
    /// Counts up from 1 in the order in which lines were written.
    pub sequence: u64,
    /// When it arrived, in milliseconds of Unix time.
    pub at_ms: u64,
    /// What arrived.
    #[serde(flatten)]
    pub event: Event,
}

/// What can arrive at the origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Event {
    /// A TCP connection, written after its TLS handshake if it has one.
    Connection(Connection),
    /// A whole request head.
    Request(RecordedRequest),
}

/// A connection to the origin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// The address it came from.
    pub peer: IpAddr,
    /// The local port it came to.
    pub port: u16,
    /// Whether the port speaks TLS.
    pub tls: bool,
    /// The server name the client sent.
    pub sni: Option<String>,
    /// Why the TLS handshake failed, if it did.
    pub error: Option<String>,
}

/// A request as the origin saw it; also the JSON body of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedRequest {
    /// The address it came from.
    pub peer: IpAddr,
    /// Whether it came inside TLS.
    pub tls: bool,
    /// The server name of the TLS handshake.
    pub sni: Option<String>,
    /// The host that was asked for: of the `Host` header, or of an absolute request target.
    pub host: Option<String>,
    /// The local port it came to.
    pub port: u16,
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Every header under its lower-case name; repeated ones are joined with `, `.
    pub headers: BTreeMap<String, String>,
}

/// Reads the record file of external services, which may still be written to.
pub fn read_entries(path: &Path) -> anyhow::Result<Vec<RecordLine>> {
    json_lines::read(path)
}

/// The record file, open for writing.
#[derive(Debug)]
pub(super) struct RecordFile {
    writer: Mutex<Writer>,
}

impl RecordFile {
    /// Starts an empty record.
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self { writer: Mutex::new(Writer { file, sequence: 0 }) })
    }

    /// Appends what arrived at `at_ms`.
    pub(super) fn add(&self, at_ms: u64, event: Event) -> io::Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.sequence += 1;
        let entry = RecordLine { sequence: writer.sequence, at_ms, event };
        json_lines::write(&mut writer.file, &entry)
    }
}

#[derive(Debug)]
struct Writer {
    file: File,
    sequence: u64,
}
