//! Examines the gathered facts.
//!
//! Knows which options the user chose. `egress_diagnose` examines.

use egress_diagnose::examine::{Options, examine_with};
use egress_diagnose::report::{FactsOrigin, Report};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::gathered::Gathered;
use crate::settings::diagnose::Diagnose;
use crate::settings::diagnose::reporting::Reporting;
use crate::settings::diagnose::sources::Sources;

/// Examines the facts.
pub(super) fn report(settings: &Diagnose, gathered: &mut Gathered) -> Report {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let Reporting { filter, every_check, .. } = &settings.reporting;
    let options = Options {
        filter: filter.clone(),
        today: Some(today),
        every_line: *every_check,
        follow: settings.follow.clone(),
    };
    let mut found = examine_with(&gathered.evidence, &gathered.request, &options);
    found.guard = gathered.guard;
    found.source = match settings.sources {
        Sources::Cluster | Sources::Both(_) => FactsOrigin::Cluster,
        Sources::Bundle(_) | Sources::Files(_) => FactsOrigin::Files,
    };
    if let Some(sources) = &mut gathered.sources {
        sources.locate(&mut found);
        found.summary.incomplete = sources.incomplete;
    }
    found
}
