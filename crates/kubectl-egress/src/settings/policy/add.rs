//! What `policy add` is to do.

use egress_policy::config::Source;

use super::place::Place;
use super::trusting;
use crate::cli;
use crate::exit::Failure;
use crate::settings::policies::PolicySettings;

/// What `policy add` is to do.
#[derive(Clone, Debug)]
pub struct Add {
    /// The source of the module; a file path is relative to the working directory.
    pub source: Source,
    /// The policy's name.
    pub name: String,
    /// The configuration to add it to.
    pub place: Place,
    /// The folders of policies and their cache.
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
