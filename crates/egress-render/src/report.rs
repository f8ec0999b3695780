//! A diagnosis as text: root causes first, with what each of them breaks, then one line for the mesh, each gateway and
//! each host, then what was not checked, counts last.
//!
//! Every mark is a character of its own, so no meaning depends on colour. Knows layout only; `egress-diagnose`
//! decides what is checked.

use egress_diagnose::report::Report;
use serde_json::Value;

use crate::error::RenderError;
use crate::palette::Palette;

mod calls;
mod causes;
mod closing;
mod guard;
mod junit;
mod layout;
mod many_hosts;
mod overview;
mod page;
mod path;
mod probe;
mod remedy;
mod sarif;
mod subject;
mod summary;
mod unchecked;
mod walk;

pub use causes::change;
pub use junit::junit;
pub use layout::ReportLayout;
pub use probe::headline;
pub use sarif::sarif;
pub use summary::summary;

use page::Page;

/// The diagnosis as text.
pub fn text(report: &Report, layout: &ReportLayout<'_>) -> String {
    let mut page = Page::new(layout);
    causes::write(&mut page, report, layout.every_check);
    if layout.every_check {
        walk::write(&mut page, report);
    } else if !report.is_path_asked {
        match path::only_host(report) {
            Some(host) => path::write(&mut page, report, host),
            None => overview::write(&mut page, report),
        }
    }
    if report.is_path_asked {
        calls::pictures(&mut page, report);
    } else {
        calls::lines(&mut page, report);
    }
    closing::write(&mut page, report, layout);
    probe::write(&mut page, report.probe.as_ref());
    page.into_text()
}

/// The findings alone, as the text begins.
pub fn causes(report: &Report, palette: &Palette) -> String {
    let mut page = Page::new(&ReportLayout::of(palette));
    causes::write(&mut page, report, false);
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
