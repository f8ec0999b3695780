//! `diagnose`: walk the way of each host through objects and proxies, and say where it is broken.

use egress_diagnose::evidence::{Evidence, Request};
use egress_diagnose::examine::examine;

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
}

/// Diagnoses.
pub(super) async fn run(settings: &Diagnose, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let gathered = match &settings.sources {
        Sources::Cluster => Box::pin(live::gather(settings, terminal)).await?,
        Sources::Files(files) => files::gather(settings, files, terminal)?,
        Sources::Both(files) => {
            let live = Box::pin(live::gather(settings, terminal)).await?;
            files::lay_over(live, files)?
        }
    };
    let Gathered { evidence, request, sources } = gathered;
    let mut found = examine(&evidence, &request);
    if let Some(sources) = &sources {
        sources.locate(&mut found);
    }
    let code = print::print(&found, settings, terminal)?;
    let incomplete = sources.is_some_and(|sources| sources.incomplete);
    Ok(if code == Code::Done && incomplete { Code::Unchecked } else { code })
}
