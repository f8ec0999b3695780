//! The asynchronous runtime, for commands that contact a cluster.
//!
//! Created on demand: `version`, `completion` and a client dry run start faster without it.

use std::future::Future;

use anyhow::Context;

/// Runs a command to its end on the current thread.
pub fn run<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime did not start")?
        .block_on(command)
}
