//! `diagnose`: walk the way of each host through objects and proxies, and say where it is broken.

use egress_diagnose::evidence::{Evidence, Request};
use egress_diagnose::examine::examine;

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
}

/// Diagnoses.
pub(super) async fn run(settings: &Diagnose, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let Gathered { evidence, request } = Box::pin(live::gather(settings, terminal)).await?;
    let found = examine(&evidence, &request);
    print::print(&found, settings, terminal)
}
