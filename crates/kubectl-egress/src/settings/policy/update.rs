//! What `policy update` is to do.

use super::place::Place;
use super::trusting;
use crate::cli;
use crate::exit::Failure;
use crate::settings::policies::PolicySettings;

/// What `policy update` is to do.
#[derive(Clone, Debug)]
pub struct Update {
    /// The policies; none: all of them.
    pub names: Vec<String>,
    /// Whether what would change is only shown.
    pub diff: bool,
    /// The configuration whose modules are updated.
    pub place: Place,
    /// Where policies, and what is kept of them, are found.
    pub policies: PolicySettings,
}

impl Update {
    /// Finds the configuration.
    pub fn resolve(typed: cli::policy::update::Update) -> Result<Self, Failure> {
        let policies = trusting(&typed.place)?;
        let place = Place::resolve(&typed.place, &policies)?;
        Ok(Update { names: typed.names, diff: typed.diff, place, policies })
    }
}
