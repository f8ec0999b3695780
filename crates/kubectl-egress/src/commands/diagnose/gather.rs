//! Reads the facts of a diagnosis: from the cluster, from files, from both, or from a bundle.
//!
//! Knows where the facts are, not how they are read.

use super::super::interrupt::Interrupt;
use super::gathered::Gathered;
use super::{bundle, files, live};
use crate::settings::diagnose::Diagnose;
use crate::settings::diagnose::sources::Sources;
use crate::terminal::Terminal;

/// Reads the facts to examine.
pub(super) async fn gather(settings: &Diagnose, terminal: &mut Terminal) -> anyhow::Result<Gathered> {
    match &settings.sources {
        Sources::Cluster => of_cluster(settings, terminal).await,
        Sources::Bundle(path) => Ok(bundle::gather(path, settings)?),
        Sources::Files(files) => files::gather(settings, files, terminal),
        Sources::Both(files) => files::lay_over(of_cluster(settings, terminal).await?, files),
    }
}

/// Everything, or what was read from the cluster before Ctrl-C.
async fn of_cluster(settings: &Diagnose, terminal: &mut Terminal) -> anyhow::Result<Gathered> {
    let mut interrupt = Interrupt::catch()?;
    Box::pin(live::gather(settings, &mut interrupt, terminal)).await
}
