//! What `policy update` is to do.

use super::local_config::LocalConfig;
use super::trusting;
use crate::cli;
use crate::exit::Failure;
use crate::settings::policies::PolicySettings;

/// What `policy update` is to do.
#[derive(Clone, Debug)]
pub struct Update {
    /// The policies; none: all of them.
    pub names: Vec<String>,
    /// Whether to only show the changes.
    pub diff: bool,
    /// The configuration with the modules to update.
    pub local_config: LocalConfig,
    /// The folders of policies and their cache.
    pub policies: PolicySettings,
}

impl Update {
    /// Finds the configuration.
    pub fn resolve(typed: cli::policy::update::Update) -> Result<Self, Failure> {
        let policies = trusting(&typed.local_config)?;
        let local_config = LocalConfig::resolve(&typed.local_config, &policies)?;
        Ok(Update { names: typed.names, diff: typed.diff, local_config, policies })
    }
}
