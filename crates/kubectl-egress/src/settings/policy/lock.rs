//! What `policy lock` is to do.

use super::place::Place;
use super::trusting;
use crate::cli;
use crate::exit::Failure;
use crate::settings::policies::PolicySettings;

/// What `policy lock` is to do.
#[derive(Clone, Debug)]
pub struct Lock {
    /// The configuration to lock.
    pub place: Place,
    /// The folders of policies and their cache.
    pub policies: PolicySettings,
}

impl Lock {
    /// Finds the configuration.
    pub fn resolve(typed: &cli::policy::lock::Lock) -> Result<Self, Failure> {
        let policies = trusting(&typed.place)?;
        Ok(Lock { place: Place::resolve(&typed.place, &policies)?, policies })
    }
}
