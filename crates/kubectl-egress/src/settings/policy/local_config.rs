//! Finds the configuration of a command.

use std::path::{Path, PathBuf};

use egress_policy::policy_set::Layer;

use crate::cli::policy::local_config::{LayerChoice, LocalConfig as Typed};
use crate::exit::Failure;
use crate::policies::{CONFIGURATION, repository};
use crate::settings::policies::PolicySettings;

/// A configuration on this machine.
#[derive(Clone, Debug)]
pub struct LocalConfig {
    /// The file, which may not exist yet; relative to the working directory if it is below that.
    pub file: PathBuf,
    /// Its layer.
    pub layer: Layer,
    /// Writes must stay below this folder; `None`: the user chose the path.
    pub root: Option<PathBuf>,
}

impl LocalConfig {
    /// The path of a layer's file, even if it does not exist yet.
    pub(super) fn resolve(typed: &Typed, settings: &PolicySettings) -> Result<Self, Failure> {
        let working = &settings.directories.working;
        if let Some(file) = &typed.filename {
            let root = repository::marked(working).map(Path::to_owned);
            let layer = if repository::is_configuration(&working.join(file), working) {
                Layer::Repository
            } else {
                Layer::Flag
            };
            return Ok(LocalConfig { file: file.clone(), layer, root });
        }
        match typed.layer {
            LayerChoice::Repository => {
                let owners = &settings.directories.owners;
                let file = match repository::configuration(working, owners)? {
                    Some(file) => file,
                    None => repository::new_configuration(working, owners)?,
                };
                let file = file.strip_prefix(working).map(Path::to_owned).unwrap_or(file);
                let root = Some(repository::root(working).to_owned());
                Ok(LocalConfig { file, layer: Layer::Repository, root })
            }
            LayerChoice::User => match &settings.directories.configuration {
                Some(folder) => {
                    Ok(LocalConfig { file: folder.join(CONFIGURATION), layer: Layer::User, root: None })
                }
                None => Err(Failure::usage(
                    "there is no configuration directory: neither HOME nor XDG_CONFIG_HOME is set",
                    "name a file: `-f egress-policy.yaml`",
                )),
            },
        }
    }
}
