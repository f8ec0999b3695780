//! Which configuration a command works on.

use std::path::{Path, PathBuf};

use egress_core::policy::member::Layer;

use crate::cli::policy::place::{LayerChoice, Place as Typed};
use crate::exit::Failure;
use crate::policies::{CONFIGURATION, REPOSITORY_FOLDER, in_repository, repository_root};
use crate::settings::policies::PolicySettings;

/// A configuration on this machine.
#[derive(Clone, Debug)]
pub struct Place {
    /// The file, which may not be there yet; as seen from the working directory, where it lies below that.
    pub file: PathBuf,
    /// Its layer.
    pub layer: Layer,
}

impl Place {
    /// Finds the file of a layer, or says where it would be.
    pub(super) fn resolve(typed: &Typed, settings: &PolicySettings) -> Result<Self, Failure> {
        let working = &settings.directories.working;
        if let Some(file) = &typed.filename {
            return Ok(Place { file: file.clone(), layer: Layer::Flag });
        }
        match typed.layer {
            LayerChoice::Repository => {
                let new = || repository_root(working).join(REPOSITORY_FOLDER).join(CONFIGURATION);
                let file = in_repository(working).unwrap_or_else(new);
                let file = file.strip_prefix(working).map(Path::to_owned).unwrap_or(file);
                Ok(Place { file, layer: Layer::Repository })
            }
            LayerChoice::User => match &settings.directories.configuration {
                Some(folder) => Ok(Place { file: folder.join(CONFIGURATION), layer: Layer::User }),
                None => Err(Failure::usage(
                    "you have no folder for configuration: neither HOME nor XDG_CONFIG_HOME is set",
                    "name a file: `-f egress-policy.yaml`",
                )),
            },
        }
    }
}
