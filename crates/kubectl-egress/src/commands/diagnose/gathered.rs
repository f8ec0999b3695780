//! What was gathered for a diagnosis, from wherever it was read.

use egress_diagnose::facts::source::{Places, SourceFile};
use egress_diagnose::facts::{ClusterFacts, Request};
use egress_diagnose::report::{GuardState, Report};

/// What to examine, and for which request.
pub(super) struct Gathered {
    pub(super) evidence: ClusterFacts,
    pub(super) request: Request,
    /// The files that were read.
    pub(super) sources: Option<GatheredFiles>,
    /// Whether Ctrl-C came before everything was read.
    pub(super) interrupted: bool,
    /// The state of the API server's guard; `None` without a cluster.
    pub(super) guard: Option<GuardState>,
}

/// The files of a diagnosis.
pub(super) struct GatheredFiles {
    pub(super) files: Vec<SourceFile>,
    /// Where each object stands in them.
    pub(super) places: Places,
    /// Whether something in them could not be read.
    pub(super) incomplete: bool,
}

impl GatheredFiles {
    /// Adds to each finding the file and line of its object.
    pub(super) fn locate(&self, report: &mut Report) {
        self.places.locate(&self.files, report.places_mut());
    }
}
