//! What `policy add` is to do.

use egress_policy::config::Source;

use super::local_config::LocalConfig;
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
    pub local_config: LocalConfig,
    /// The folders of policies and their cache.
    pub policies: PolicySettings,
}

impl Add {
    /// Reads the source.
    pub fn resolve(typed: cli::policy::add::Add) -> Result<Self, Failure> {
        let policies = trusting(&typed.local_config)?;
        let source = typed.source.parse().map_err(|error: String| {
            Failure::usage(format!("SOURCE: {error}"), "type `kubectl egress policy add --help`")
        })?;
        let local_config = LocalConfig::resolve(&typed.local_config, &policies)?;
        Ok(Add { source, name: typed.name, local_config, policies })
    }
}
