//! What was gathered for a diagnosis, from wherever it was read.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use egress_diagnose::facts::source::{Places, SourceFile};
use egress_diagnose::facts::{ClusterFacts, Request};
use egress_diagnose::report::{GuardState, Report};

use super::files::MAXIMUM_BYTES;
use crate::files;

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
    files: Vec<SourceFile>,
    /// Where each of them was read.
    origins: Vec<FileOrigin>,
    /// Where each object stands in them.
    places: Places,
    /// Whether something in them could not be read.
    pub(super) incomplete: bool,
}

/// Where a file was read, and when it had changed last.
pub(super) enum FileOrigin {
    /// A plain file: it can be read again.
    Plain(PathBuf, SystemTime),
    /// Standard input or a pipe: it comes once.
    Once,
}

impl FileOrigin {
    /// Of the file of this path.
    pub(super) fn of(path: &Path) -> Self {
        modified(path).map_or(FileOrigin::Once, |time| FileOrigin::Plain(path.to_owned(), time))
    }
}

impl GatheredFiles {
    /// Files that were read as facts. The text of those that can be read again is let go: an examination takes most of the
    /// memory, and only findings need the text.
    pub(super) fn new(
        mut files: Vec<SourceFile>,
        origins: Vec<FileOrigin>,
        places: Places,
        incomplete: bool,
    ) -> Self {
        for (file, origin) in files.iter_mut().zip(&origins) {
            if matches!(origin, FileOrigin::Plain(..)) {
                file.text = String::new();
            }
        }
        GatheredFiles { files, origins, places, incomplete }
    }

    /// Adds to each finding the file and line of its object. In a file that has changed meanwhile, only the line on which the
    /// object began is known.
    pub(super) fn locate(&mut self, report: &mut Report) {
        if report.places_mut().next().is_none() {
            return;
        }
        for (file, origin) in self.files.iter_mut().zip(&self.origins) {
            if let FileOrigin::Plain(path, then) = origin
                && modified(path).as_ref() == Some(then)
            {
                file.text = files::text(path, MAXIMUM_BYTES).unwrap_or_default();
            }
        }
        self.places.locate(&self.files, report.places_mut());
    }
}

/// When a plain file was changed last; none of anything else.
fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?.modified().ok()
}
