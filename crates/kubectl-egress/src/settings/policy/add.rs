//! What `policy add` is to do.

use egress_core::policy::config::Source;

use super::place::Place;
use super::trusting;
use crate::cli;
use crate::exit::Failure;
use crate::settings::policies::PolicySettings;

/// What `policy add` is to do.
#[derive(Clone, Debug)]
pub struct Add {
    /// Where the module comes from; a file is seen from the working directory.
    pub source: Source,
    /// What the policy is called.
    pub name: String,
    /// The configuration it is added to.
    pub place: Place,
    /// Where policies, and what is kept of them, are found.
    pub policies: PolicySettings,
}

impl Add {
    /// Reads the source.
    pub fn resolve(typed: cli::policy::add::Add) -> Result<Self, Failure> {
        let policies = trusting(&typed.place)?;
        let source = typed.source.parse().map_err(|error: String| {
            Failure::usage(format!("SOURCE: {error}"), "type `kubectl egress policy add --help`")
        })?;
        let place = Place::resolve(&typed.place, &policies)?;
        Ok(Add { source, name: typed.name, place, policies })
    }
}
