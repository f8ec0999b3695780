//! `diagnose`: walk the way of each host through objects and proxies, and say where it is broken.

use egress_diagnose::evidence::{Evidence, Request};
use egress_diagnose::examine::examine;

use super::interrupt::Interrupt;
use crate::exit::Code;
use crate::settings::diagnose::Diagnose;
use crate::terminal::Terminal;

mod client;
mod live;
mod policies;
mod print;
mod rights;

/// What is examined, and for which request.
struct Gathered {
    evidence: Evidence,
    request: Request,
    /// Whether somebody interrupted before everything was looked at.
    interrupted: bool,
}

/// Diagnoses.
pub(super) async fn run(settings: &Diagnose, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let mut interrupt = Interrupt::catch()?;
    let Gathered { evidence, request, interrupted } =
        Box::pin(live::gather(settings, &mut interrupt, terminal)).await?;
    let found = examine(&evidence, &request);
    let code = print::print(&found, settings, terminal)?;
    if interrupted {
        terminal.note("interrupted: what was not looked at by then is listed as not checked");
        return Ok(Code::Interrupted);
    }
    Ok(code)
}
