//! `diagnose`: follow the path of each host through objects and proxies, and say where it is broken.

use std::mem;
use std::time::Instant;

use crate::exit::Code;
use crate::policies::repository;
use crate::settings::diagnose::Diagnose;
use crate::settings::diagnose::reporting::ReportFormat;
use crate::terminal::Terminal;

mod bundle;
mod client;
mod examine;
mod files;
mod gather;
mod gathered;
mod live;
mod policies;
mod print;
mod probe;
mod rights;
mod watch;

pub(super) use print::explain;

/// Diagnoses.
pub(super) async fn run(settings: &Diagnose, terminal: &mut Terminal) -> anyhow::Result<Code> {
    if settings.reporting.form == ReportFormat::Watch {
        return watch::run(settings, terminal).await;
    }
    let started = Instant::now();
    let fleet = bundle::fleet(&settings.beside)?;
    let mut gathered = gather::gather(settings, terminal).await?;
    gathered.evidence.fleet.extend(fleet);
    if let Some(path) = &settings.bundle {
        let root = repository::marked(&settings.policies.directories.working);
        bundle::write(path, root, &gathered.evidence, &gathered.request)?;
        terminal.note(&format!("note: the input of this diagnosis is in {}", path.display()));
    }
    let code = if let ReportFormat::Bypass(format) = &settings.reporting.form {
        print::bypass(&gathered, format.as_ref(), terminal)?
    } else {
        let mut found = examine::report(settings, &mut gathered);
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
