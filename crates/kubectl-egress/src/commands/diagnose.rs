//! `diagnose`: follow the path of each host through objects and proxies, and say where it is broken.

use std::mem;
use std::time::Instant;

use egress_diagnose::examine::{Options, examine_with};
use egress_diagnose::facts::{ClusterFacts, Request};
use egress_diagnose::report::{FactsOrigin, GuardState, Report};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::interrupt::Interrupt;
use crate::exit::Code;
use crate::policies::repository;
use crate::settings::diagnose::Diagnose;
use crate::settings::diagnose::reporting::{Form, Reporting};
use crate::settings::diagnose::sources::Sources;
use crate::terminal::Terminal;

mod bundle;
mod client;
mod files;
mod live;
mod policies;
mod print;
mod probe;
mod rights;
mod watch;

pub(super) use print::explain;

/// What to examine, and for which request.
struct Gathered {
    evidence: ClusterFacts,
    request: Request,
    /// The files that were read.
    sources: Option<files::Sources>,
    /// Whether Ctrl-C came before everything was read.
    interrupted: bool,
    /// The state of the API server's guard; `None` without a cluster.
    guard: Option<GuardState>,
}

/// Diagnoses.
pub(super) async fn run(settings: &Diagnose, terminal: &mut Terminal) -> anyhow::Result<Code> {
    if settings.reporting.form == Form::Watch {
        return watch::run(settings, terminal).await;
    }
    let started = Instant::now();
    let fleet = bundle::fleet(&settings.beside)?;
    let mut gathered = gather(settings, terminal).await?;
    gathered.evidence.fleet.extend(fleet);
    if let Some(path) = &settings.bundle {
        let root = repository::marked(&settings.policies.directories.working);
        bundle::write(path, root, &gathered.evidence, &gathered.request)?;
        terminal.note(&format!("note: the input of this diagnosis is in {}", path.display()));
    }
    let code = if let Form::Bypass(format) = &settings.reporting.form {
        print::bypass(&gathered, format.as_ref(), terminal)?
    } else {
        let mut found = report(settings, &gathered);
        let probed = Box::pin(probe::probe(settings, &gathered, terminal)).await;
        let failure = probed.map(|probe| found.probe = probe).err();
        let code = print::print(&found, &settings.reporting, started.elapsed(), terminal)?;
        // Print the findings even if the request could not be sent.
        failure.map_or(Ok(code), Err)?
    };
    let code = if gathered.interrupted {
        terminal.note("interrupted: everything not read by then is listed as not checked");
        Code::Interrupted
    } else {
        code
    };
    // The process ends now: freeing the memory would only take time.
    mem::forget(gathered);
    Ok(code)
}

/// Reads the facts to examine.
async fn gather(settings: &Diagnose, terminal: &mut Terminal) -> anyhow::Result<Gathered> {
    match &settings.sources {
        Sources::Cluster => live(settings, terminal).await,
        Sources::Bundle(path) => Ok(bundle::gather(path, settings)?),
        Sources::Files(files) => files::gather(settings, files, terminal),
        Sources::Both(files) => files::lay_over(live(settings, terminal).await?, files),
    }
}

/// Everything, or what was read from the cluster before Ctrl-C.
async fn live(settings: &Diagnose, terminal: &mut Terminal) -> anyhow::Result<Gathered> {
    let mut interrupt = Interrupt::catch()?;
    Box::pin(live::gather(settings, &mut interrupt, terminal)).await
}

/// Examines the facts.
fn report(settings: &Diagnose, gathered: &Gathered) -> Report {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let Reporting { filter, every_check, .. } = &settings.reporting;
    let options = Options { filter: filter.clone(), today: Some(today), every_line: *every_check };
    let mut found = examine_with(&gathered.evidence, &gathered.request, &options);
    found.guard = gathered.guard;
    found.source = match settings.sources {
        Sources::Cluster | Sources::Both(_) => FactsOrigin::Cluster,
        Sources::Bundle(_) | Sources::Files(_) => FactsOrigin::Files,
    };
    if let Some(sources) = &gathered.sources {
        sources.locate(&mut found);
        found.summary.incomplete = sources.incomplete;
    }
    found
}
