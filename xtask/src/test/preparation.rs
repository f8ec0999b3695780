//! The bed's programs, built while other tests run. Knows when they are needed, and not how they are built.

use std::thread::{self, JoinHandle};

use testbed::{bed, oracle};

use crate::terminal;

/// A build of the bed's programs, under way or ended.
pub(super) struct Preparation {
    build: Option<JoinHandle<Result<(), Obstacle>>>,
    outcome: Result<(), Obstacle>,
}

/// Why there is no bed.
pub(super) enum Obstacle {
    /// The machine lacks something; nothing is wrong with this repository.
    Lacking(anyhow::Error),
    /// The programs could not be built.
    Broken(anyhow::Error),
}

impl Preparation {
    /// Starts to build what is not there yet.
    pub(super) fn start() -> Self {
        let build = thread::spawn(|| {
            bed::check().map_err(Obstacle::Lacking)?;
            bed::prepare().and_then(|()| oracle::prepare()).map_err(Obstacle::Broken)
        });
        Preparation { build: Some(build), outcome: Ok(()) }
    }

    /// Waits for the programs.
    pub(super) fn wait(&mut self) -> &Result<(), Obstacle> {
        if let Some(build) = self.build.take() {
            if !build.is_finished() {
                terminal::progress(
                    "  waiting for the programs of the bed (minutes the first time, then none)",
                );
            }
            let crashed =
                |_| Err(Obstacle::Broken(anyhow::anyhow!("the build of the bed's programs crashed")));
            self.outcome = build.join().unwrap_or_else(crashed);
        }
        &self.outcome
    }
}
