//! Waiting to be told to stop. Knows the two signals and nothing of what is stopped.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Returns when the process gets SIGTERM or SIGINT.
pub(crate) async fn requested() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
