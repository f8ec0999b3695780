//! Prints a diagnosis, and chooses its exit code.
//!
//! Knows formats and exit codes, not where the facts come from.

use std::time::Duration;

use egress_diagnose::bypass;
use egress_diagnose::report::{Ending, Report};
use egress_diagnose::rules::check::Check;
use egress_render::format::OutputFormat;
use egress_render::report::ReportLayout;
use egress_render::{document as documents, explain as explained, report};

use super::super::document;
use super::gathered::Gathered;
use crate::exit::Code;
use crate::settings::diagnose::reporting::{ReportFormat, Reporting};
use crate::terminal::Terminal;

/// Prints the findings.
pub(super) fn print(
    found: &Report,
    reporting: &Reporting,
    elapsed: Duration,
    terminal: &mut Terminal,
) -> anyhow::Result<Code> {
    let palette = terminal.palette();
    let text = match &reporting.form {
        ReportFormat::Summary => report::summary(found, &palette, Some(elapsed)),
        ReportFormat::Sarif => documents::json(&report::sarif(found, env!("CARGO_PKG_VERSION")))?,
        ReportFormat::Junit => report::junit(found, reporting.fail_on)?,
        ReportFormat::Document(format) => document::text(&report::document(found)?, format)?,
        ReportFormat::Text | ReportFormat::Bypass(_) | ReportFormat::Watch => {
            let (columns, every_check) = (terminal.columns(), reporting.every_check);
            let elapsed = Some(elapsed);
            report::text(found, &ReportLayout { palette: &palette, columns, every_check, elapsed })
        }
    };
    match &reporting.form {
        ReportFormat::Text | ReportFormat::Bypass(_) | ReportFormat::Watch | ReportFormat::Summary => {
            terminal.page(&text)?;
        }
        ReportFormat::Sarif | ReportFormat::Junit | ReportFormat::Document(_) => terminal.result(&text)?,
    }
    // These formats have no field for it.
    if let (ReportFormat::Sarif | ReportFormat::Junit, Some(probe)) = (&reporting.form, &found.probe) {
        terminal.note(&format!("probe: {}: {}", report::headline(probe), probe.because));
    }
    Ok(match found.ending(reporting.fail_on) {
        Ending::Found => Code::Failed,
        Ending::Incomplete => Code::Unchecked,
        Ending::Clean => Code::Done,
    })
}

/// Prints the pods that can bypass the gateways. A bypass is not a failure; unreadable facts are.
pub(super) fn bypass(
    gathered: &Gathered,
    format: Option<&OutputFormat>,
    terminal: &mut Terminal,
) -> anyhow::Result<Code> {
    let found = bypass::bypass(&gathered.evidence, gathered.request.namespace.as_deref());
    let text = match format {
        None => egress_render::bypass::table(&found, true),
        Some(format) => document::text(&egress_render::bypass::document(&found)?, format)?,
    };
    terminal.result(&text)?;
    if format.is_none() && text.is_empty() {
        terminal.note("no pod was found that can bypass the gateway");
    }
    if found.unknown.is_empty() {
        return Ok(Code::Done);
    }
    let unknown: Vec<String> = found.unknown.iter().map(ToString::to_string).collect();
    terminal.warning(&format!(
        "there may be more: {} could not be read, or are not in the files",
        unknown.join(", ")
    ));
    Ok(Code::Unchecked)
}

/// Prints the description of a check, or the list of checks.
pub(in crate::commands) fn explain(check: Option<&Check>, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let text = match check {
        Some(check) => explained::text(check, &terminal.palette()),
        None => explained::list(),
    };
    terminal.page(&text)?;
    Ok(Code::Done)
}
