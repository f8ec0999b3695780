//! A spinner during a wait.
//!
//! Without a terminal, `indicatif` draws nothing.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Shows a spinner until it is dropped.
#[derive(Debug)]
pub struct Waiting(ProgressBar);

impl Waiting {
    pub(super) fn start(what: &str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(what.to_owned());
        bar.set_style(ProgressStyle::default_spinner());
        bar.enable_steady_tick(Duration::from_millis(100));
        Waiting(bar)
    }

    /// A handle to print lines above it.
    pub(super) fn spinner(&self) -> ProgressBar {
        self.0.clone()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
