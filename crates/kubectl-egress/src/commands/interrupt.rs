//! Ctrl-C and a polite end: noticed between and during steps, so that what was and was not done can be said.

use std::future::pending;

use futures::FutureExt as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that ask for an end.
#[derive(Debug)]
pub(super) struct Interrupt {
    signals: Vec<Signal>,
    raised: bool,
}

impl Interrupt {
    /// Takes over SIGINT and SIGTERM for the rest of the process.
    pub(super) fn catch() -> std::io::Result<Self> {
        let signals = vec![signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?];
        Ok(Interrupt { signals, raised: false })
    }

    /// Whether a signal has come, also one that nobody has waited for.
    pub(super) fn is_raised(&mut self) -> bool {
        self.raised().now_or_never().is_some()
    }

    /// Waits for a signal; at once if one has come before.
    pub(super) async fn raised(&mut self) {
        if self.raised {
            return;
        }
        let arrivals: Vec<_> = self.signals.iter_mut().map(|signal| Box::pin(signal.recv())).collect();
        if arrivals.is_empty() {
            pending::<()>().await;
        }
        futures::future::select_all(arrivals).await;
        self.raised = true;
    }
}
