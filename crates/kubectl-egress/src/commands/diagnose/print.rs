//! What a diagnosis says, and how it ends.
//!
//! Knows formats and exit codes. Knows nothing of where the facts come from.

use egress_diagnose::check::Level;
use egress_diagnose::report::Report;
use egress_render::report;

use super::super::document;
use crate::exit::Code;
use crate::settings::diagnose::Diagnose;
use crate::terminal::Terminal;

/// Prints what was found.
pub(super) fn print(found: &Report, settings: &Diagnose, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let text = match &settings.output {
        None => report::text(found, &terminal.palette(), None),
        Some(format) => document::text(&report::document(found)?, format)?,
    };
    terminal.result(&text)?;
    Ok(code(found))
}

/// What is broken counts before what could not be seen; warnings alone are no failure.
fn code(report: &Report) -> Code {
    match (report.worst(), report.summary.unreadable) {
        (Some(Level::Error), _) => Code::Failed,
        (_, 0) => Code::Done,
        _ => Code::Unchecked,
    }
}
