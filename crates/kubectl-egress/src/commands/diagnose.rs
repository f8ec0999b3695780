//! `diagnose`: walk the way of each host through objects and proxies, and say where it is broken.

use egress_diagnose::evidence::{Evidence, Request};
use egress_diagnose::examine::examine;

use super::interrupt::Interrupt;
use crate::exit::Code;
use crate::settings::diagnose::Diagnose;
use crate::settings::diagnose::sources::Sources;
use crate::terminal::Terminal;

mod client;
mod files;
mod live;
mod policies;
mod print;
mod rights;

/// What is examined, and for which request.
struct Gathered {
    evidence: Evidence,
    request: Request,
    /// The files that were read.
    sources: Option<files::Sources>,
    /// Whether somebody interrupted before everything was looked at.
    interrupted: bool,
}

/// Diagnoses.
pub(super) async fn run(settings: &Diagnose, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let gathered = match &settings.sources {
        Sources::Cluster => live(settings, terminal).await?,
        Sources::Files(files) => files::gather(settings, files, terminal)?,
        Sources::Both(files) => files::lay_over(live(settings, terminal).await?, files)?,
    };
    let Gathered { evidence, request, sources, interrupted } = gathered;
    let mut found = examine(&evidence, &request);
    if let Some(sources) = &sources {
        sources.locate(&mut found);
    }
    let code = print::print(&found, settings, terminal)?;
    if interrupted {
        terminal.note("interrupted: what was not looked at by then is listed as not checked");
        return Ok(Code::Interrupted);
    }
    let incomplete = sources.is_some_and(|sources| sources.incomplete);
    Ok(if code == Code::Done && incomplete { Code::Unchecked } else { code })
}

/// What a cluster tells, as far as nobody interrupts.
async fn live(settings: &Diagnose, terminal: &mut Terminal) -> anyhow::Result<Gathered> {
    let mut interrupt = Interrupt::catch()?;
    Box::pin(live::gather(settings, &mut interrupt, terminal)).await
}
