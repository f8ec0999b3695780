//! Where the measurement of a form stands, and since when it runs. Knows no stages.

use std::{fmt, time::Instant};

use super::form::Form;
use crate::terminal;

/// A form that is being measured.
pub(super) struct Progress {
    form: Form,
    start: Instant,
}

impl Progress {
    /// From now on.
    pub(super) fn start(form: Form) -> Self {
        Self { form, start: Instant::now() }
    }

    /// Tells the person who waits what comes next.
    pub(super) fn tell(&self, what: impl fmt::Display) {
        terminal::progress(format_args!("{}, {} s: {what} …", self.form, self.start.elapsed().as_secs()));
    }
}
