//! A diagnosis as calm text: root causes first, with what each of them breaks, then what was examined, counts last.
//!
//! Every mark is a character of its own, so that nothing hangs on colour, and what was not checked never looks like what
//! passed. Knows layout only; what is examined and how is in `egress-diagnose`.

use std::time::Duration;

use egress_diagnose::report::Report;
use serde_json::Value;

use crate::error::RenderError;
use crate::palette::Palette;

mod causes;
mod closing;
mod guard;
mod junit;
mod overview;
mod page;
mod probe;
mod sarif;
mod summary;
mod walk;

pub use causes::change;
pub use junit::junit;
pub use probe::headline;
pub use sarif::sarif;
pub use summary::summary;

use page::Page;

/// The diagnosis as text; `elapsed` is how long it took, for the last line.
pub fn text(report: &Report, palette: &Palette, elapsed: Option<Duration>) -> String {
    let mut page = Page::new(palette);
    causes::write(&mut page, report);
    // Of few hosts the whole walk is kept and shown; of many, how they are in all.
    let is_whole = report.is_whole();
    if is_whole {
        walk::write(&mut page, report);
    } else {
        overview::write(&mut page, report);
    }
    closing::write(&mut page, report, is_whole, elapsed);
    probe::write(&mut page, report.probe.as_ref());
    page.into_text()
}

/// What is wrong and nothing else, as the text begins with it.
pub fn causes(report: &Report, palette: &Palette) -> String {
    let mut page = Page::new(palette);
    causes::write(&mut page, report);
    page.into_text()
}

/// The diagnosis as a versioned document.
///
/// # Errors
/// [`RenderError::Json`] when JSON cannot hold it, which its types rule out.
pub fn document(report: &Report) -> Result<Value, RenderError> {
    Ok(serde_json::to_value(report)?)
}

#[cfg(test)]
mod tests;
