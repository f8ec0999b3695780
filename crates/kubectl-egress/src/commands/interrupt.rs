//! Ctrl-C and SIGTERM: handled between and during steps, so that the command can say what it did and did not do.

use std::future::pending;

use futures::FutureExt as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end a command.
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

    /// Whether a signal has arrived, even if nothing was waiting for it.
    pub(super) fn is_raised(&mut self) -> bool {
        self.raised().now_or_never().is_some()
    }

    /// Waits for a signal; returns at once if one has already arrived.
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
