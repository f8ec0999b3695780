//! What `policy lock` is to do.

use super::local_config::LocalConfig;
use super::trusting;
use crate::cli;
use crate::exit::Failure;
use crate::settings::policies::PolicySettings;

/// What `policy lock` is to do.
#[derive(Clone, Debug)]
pub struct Lock {
    /// The configuration to lock.
    pub local_config: LocalConfig,
    /// The folders of policies and their cache.
    pub policies: PolicySettings,
}

impl Lock {
    /// Finds the configuration.
    pub fn resolve(typed: &cli::policy::lock::Lock) -> Result<Self, Failure> {
        let policies = trusting(&typed.local_config)?;
        Ok(Lock { local_config: LocalConfig::resolve(&typed.local_config, &policies)?, policies })
    }
}
