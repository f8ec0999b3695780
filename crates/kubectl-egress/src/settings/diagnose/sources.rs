//! The sources of a diagnosis.

use std::path::PathBuf;

use crate::cli;

/// Where the facts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sources {
    /// The cluster.
    Cluster,
    /// The bundle of an earlier diagnosis.
    Bundle(PathBuf),
    /// Files.
    Files(Files),
    /// The cluster, overlaid with files.
    Both(Files),
}

/// Files and directories with objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// As they were typed.
    pub names: Vec<String>,
    /// Whether directories below those are read.
    pub recursive: bool,
}

impl Sources {
    /// Puts the flags together.
    pub fn resolve(typed: &cli::diagnose::sources::Sources) -> Self {
        if let Some(bundle) = &typed.from {
            return Sources::Bundle(bundle.clone());
        }
        let files = Files { names: typed.filenames.clone(), recursive: typed.recursive };
        match (files.names.is_empty(), typed.with_live) {
            (true, _) => Sources::Cluster,
            (false, false) => Sources::Files(files),
            (false, true) => Sources::Both(files),
        }
    }
}
