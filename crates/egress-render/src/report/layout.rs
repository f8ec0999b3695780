//! How a diagnosis is laid out: styles, width, and how much detail.

use std::time::Duration;

use crate::palette::Palette;

/// How a diagnosis is laid out.
#[derive(Clone, Copy, Debug)]
pub struct ReportLayout<'a> {
    /// The styles.
    pub palette: &'a Palette,
    /// The columns of the terminal; none where the text goes into a file or a pipe.
    pub columns: Option<usize>,
    /// A line for each check of each subject, and all findings, however many there are.
    pub every_check: bool,
    /// How long it took, for the last line.
    pub elapsed: Option<Duration>,
}

impl<'a> ReportLayout<'a> {
    /// For a file or a pipe, folded, without a time.
    pub fn of(palette: &'a Palette) -> Self {
        ReportLayout { palette, columns: None, every_check: false, elapsed: None }
    }
}
