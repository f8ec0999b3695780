//! The files that configure policies: one for each layer that has one, and those of the command line.
//!
//! Knows where a layer's file is, and reads it. Does not load the modules that it names.

use std::path::{Path, PathBuf};

use egress_cluster::Cluster;
use egress_cluster::policy::{POLICIES, PolicyMap};
use egress_core::command::ShellCommand;
use egress_core::yaml::LocatedError;
use egress_policy::config::{MAXIMUM_BYTES, PolicyConfig, PolicyEntry, Source};
use egress_policy::lock::Lock;
use egress_policy::policy_set::Layer;

use super::file_names::{CONFIGURATION, LOCK};
use super::repository;
use super::undecided::undecided;
use crate::exit::Failure;
use crate::files;
use crate::settings::policies::PolicySettings;

/// One file and its location.
#[derive(Debug)]
pub(super) struct Configured {
    /// Its layer.
    pub(super) layer: Layer,
    /// Its location.
    pub(super) origin: ConfigLocation,
    /// Its parsed content.
    pub(super) set: PolicyConfig,
}

/// Where a configuration of policies was found.
#[derive(Debug)]
pub(super) enum ConfigLocation {
    /// A configuration found on this machine, of a trusted owner.
    File(PathBuf),
    /// A configuration that the command line names.
    Typed(PathBuf),
    /// A module on this machine that the command line names. The user chose it, so it needs no lock file.
    Module(PathBuf),
    /// The cluster's ConfigMap.
    ConfigMap {
        /// The mesh's root namespace.
        namespace: String,
        /// Its content.
        map: PolicyMap,
    },
}

/// All files, those of the highest layer first.
pub(super) async fn find(
    settings: &PolicySettings,
    cluster: Option<&Cluster>,
    root_namespace: &str,
) -> anyhow::Result<Vec<Configured>> {
    let mut found = Vec::new();
    if let Some(cluster) = cluster
        && let Some(map) = cluster.policy_map(root_namespace).await?
    {
        found.push(of_cluster(root_namespace, map, settings)?);
    }
    let directories = &settings.directories;
    if let Some(path) = repository::configuration(&directories.working, &directories.owners)? {
        found.push(of_file(Layer::Repository, path, settings)?);
    }
    let users = directories.configuration.as_deref().map(|folder| folder.join(CONFIGURATION));
    if let Some(path) = users.filter(|path| files::is_there(path)) {
        found.push(of_file(Layer::User, path, settings)?);
    }
    for path in &settings.files {
        found.push(of_flag(path, settings)?);
    }
    Ok(found)
}

fn of_cluster(namespace: &str, map: PolicyMap, settings: &PolicySettings) -> Result<Configured, Failure> {
    let Some(text) = map.data.get(CONFIGURATION) else {
        return Err(undecided(
            format!(
                "configmap `{POLICIES}` in namespace {namespace} has no key `{CONFIGURATION}`, so its policies are not known"
            ),
            Some(format!("see it: `{}`", ShellCommand::show("configmap", POLICIES, namespace))),
        ));
    };
    let parsed = PolicyConfig::parse(text);
    let origin = ConfigLocation::ConfigMap { namespace: namespace.to_owned(), map };
    match parsed {
        Ok(set) => Ok(Configured { layer: Layer::Cluster, origin, set }),
        Err(error) => Err(malformed(&origin.name(settings), &error)),
    }
}

fn of_file(layer: Layer, path: PathBuf, settings: &PolicySettings) -> Result<Configured, Failure> {
    let shown = settings.shown(&path);
    let text = files::believed_text(&path, MAXIMUM_BYTES, &settings.directories.owners).map_err(|doubt| {
        let problem = files::doubtful(&doubt);
        undecided(
            format!("the policies of the {layer} layer cannot be read: {shown}: {problem}"),
            repository::hint(&doubt),
        )
    })?;
    let set = PolicyConfig::parse(&text).map_err(|error| malformed(&shown, &error))?;
    Ok(Configured { layer, origin: ConfigLocation::File(path), set })
}

fn of_flag(path: &Path, settings: &PolicySettings) -> Result<Configured, Failure> {
    let shown = settings.shown(path);
    let refused = |problem: String| {
        Failure::usage(
            format!("`--policy`: {shown}: {problem}"),
            format!("name a configuration or a module: `--policy {CONFIGURATION}`"),
        )
    };
    let full = settings.directories.working.join(path);
    if files::is_module(&full).map_err(refused)? {
        let set = PolicyConfig { policies: vec![of_module(path)], ..PolicyConfig::default() };
        return Ok(Configured { layer: Layer::Flag, origin: ConfigLocation::Module(full), set });
    }
    let text = files::text(&full, MAXIMUM_BYTES).map_err(refused)?;
    let set = PolicyConfig::parse(&text).map_err(|error| malformed(&shown, &error))?;
    Ok(Configured { layer: Layer::Flag, origin: ConfigLocation::Typed(full), set })
}

/// A module without a configuration is named after its file, and has no settings.
fn of_module(path: &Path) -> PolicyEntry {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let words: Vec<&str> = stem.split(|character: char| !character.is_ascii_alphanumeric()).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    PolicyEntry {
        name: if words.is_empty() { "module".to_owned() } else { words.join("-") },
        source: Source::File(path.to_string_lossy().into_owned()),
        hooks: None,
        settings: "{}".to_owned(),
        on_deny: None,
        line: 1,
    }
}

fn malformed(shown: &str, error: &LocatedError) -> Failure {
    let LocatedError { line, column, message } = error;
    Failure {
        code: crate::exit::Code::Usage,
        message: format!("{shown}:{line}:{column}: {message}"),
        hint: Some("see the fields in docs/policies.md".to_owned()),
    }
}

impl ConfigLocation {
    /// The configuration's name in messages.
    pub(super) fn name(&self, settings: &PolicySettings) -> String {
        match self {
            ConfigLocation::File(path) | ConfigLocation::Typed(path) | ConfigLocation::Module(path) => {
                settings.shown(path)
            }
            ConfigLocation::ConfigMap { namespace, .. } => {
                format!("configmap {namespace}/{POLICIES}, {CONFIGURATION}")
            }
        }
    }

    /// The location of this configuration's lock file, for messages.
    pub(super) fn lock_name(&self, settings: &PolicySettings) -> String {
        match self {
            ConfigLocation::File(path) | ConfigLocation::Typed(path) | ConfigLocation::Module(path) => {
                settings.shown(&path.with_file_name(LOCK))
            }
            ConfigLocation::ConfigMap { namespace, .. } => {
                format!("key `{LOCK}` of configmap `{POLICIES}` in namespace {namespace}")
            }
        }
    }

    /// Reads the lock file; without one, no module is locked.
    pub(super) fn lock(&self, settings: &PolicySettings) -> Result<Lock, Failure> {
        let name = || self.lock_name(settings);
        let text = match self {
            ConfigLocation::File(path) => {
                let path = path.with_file_name(LOCK);
                if !files::is_there(&path) {
                    return Ok(Lock::default());
                }
                files::believed_text(&path, MAXIMUM_BYTES, &settings.directories.owners).map_err(|doubt| {
                    let problem = files::doubtful(&doubt);
                    undecided(format!("{}: {problem}", name()), repository::hint(&doubt))
                })?
            }
            ConfigLocation::Typed(path) | ConfigLocation::Module(path) => {
                let path = path.with_file_name(LOCK);
                if !files::is_there(&path) {
                    return Ok(Lock::default());
                }
                files::text(&path, MAXIMUM_BYTES)
                    .map_err(|problem| undecided(format!("{}: {problem}", name()), None))?
            }
            ConfigLocation::ConfigMap { map, .. } => match map.data.get(LOCK) {
                Some(text) => text.clone(),
                None => return Ok(Lock::default()),
            },
        };
        Lock::parse(&text).map_err(|error| {
            let hint = "run `kubectl egress policy lock`, and have the difference reviewed";
            undecided(
                format!("{}:{}:{}: {}", name(), error.line, error.column, error.message),
                Some(hint.to_owned()),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_called_by_its_file() {
        let name = |path: &str| of_module(Path::new(path)).name;
        assert_eq!(name("target/acme_Hosts.wasm"), "acme-hosts");
        assert_eq!(name("./-.wasm"), "module");
    }
}
