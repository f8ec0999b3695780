//! Gets the bytes of a source: a file, a ConfigMap, a registry or its cache.
//!
//! Knows how to get them. The lock file decides whether they are the right ones.

use std::path::PathBuf;

use egress_cluster::Cluster;
use egress_cluster::policy::POLICIES;
use egress_core::command::{ShellCommand, Word};
use egress_policy::config::Source;
use egress_policy_wasm::oci::{Reference, RegistryError};

use super::layers::ConfigLocation;
use super::locks::WantedPolicy;
use super::registry;
use super::undecided::undecided;
use crate::exit::Failure;
use crate::files;
use crate::settings::policies::PolicySettings;
use crate::terminal::Terminal;

/// Where modules are read from.
pub(super) struct PolicySources<'a> {
    /// The cluster, if the command may contact it.
    pub(super) cluster: Option<&'a Cluster>,
    /// The namespace of its ConfigMaps.
    pub(super) root_namespace: &'a str,
    /// The folders of the user.
    pub(super) settings: &'a PolicySettings,
    /// The most bytes of a module.
    pub(super) largest: usize,
}

impl PolicySources<'_> {
    /// The bytes of a policy that is not built in.
    pub(super) async fn bytes(
        &self,
        wanted: &WantedPolicy<'_>,
        terminal: &mut Terminal,
    ) -> anyhow::Result<Vec<u8>> {
        let refused = |problem: String| undecided(wanted.cannot_be_asked(&problem), None);
        match &wanted.entry.source {
            Source::Builtin => Ok(Vec::new()),
            Source::File(path) => {
                let path = beside(wanted.origin, path);
                let shown = self.settings.shown(&path);
                Ok(files::plain_bytes(&path, self.largest)
                    .map_err(|problem| refused(format!("{shown}: {problem}")))?)
            }
            Source::ConfigMap { name, key } => self.of_config_map(wanted, name, key).await,
            Source::Oci(_) => self.of_registry(wanted, terminal).await,
        }
    }

    async fn of_config_map(
        &self,
        wanted: &WantedPolicy<'_>,
        name: &str,
        key: &str,
    ) -> anyhow::Result<Vec<u8>> {
        let refused = |problem: String| undecided(wanted.cannot_be_asked(&problem), None);
        let read;
        let map = match (wanted.origin, self.cluster) {
            (ConfigLocation::ConfigMap { map, .. }, _) if name == POLICIES => map,
            (_, None) => {
                let source = &wanted.entry.source;
                return Err(
                    refused(format!("its source is {source}, but this command asks no cluster")).into()
                );
            }
            (_, Some(cluster)) => {
                read = cluster.config_map(self.root_namespace, name).await?;
                let place = self.root_namespace;
                read.as_ref()
                    .ok_or_else(|| refused(format!("there is no configmap `{name}` in namespace {place}")))?
            }
        };
        let found = map.binary_data.get(key).cloned();
        Ok(found
            .ok_or_else(|| refused(format!("configmap `{name}` has no key `{key}` under `binaryData`")))?)
    }

    async fn of_registry(
        &self,
        wanted: &WantedPolicy<'_>,
        terminal: &mut Terminal,
    ) -> anyhow::Result<Vec<u8>> {
        let digest = wanted.locked.as_ref().map(|locked| locked.module.as_str()).unwrap_or_default();
        let source = wanted.entry.source.to_string();
        let reference: Reference =
            source.parse().map_err(|error| undecided(wanted.cannot_be_asked(&format!("{error}")), None))?;
        let (settings, largest) = (self.settings, self.largest);
        let fetched =
            registry::module(&wanted.entry.name, &reference, digest, largest, settings, terminal).await;
        Ok(fetched.map_err(|error| not_fetched(wanted, &reference, &error))?)
    }
}

impl WantedPolicy<'_> {
    /// `policy `acme` of the cluster layer cannot be asked: …`.
    pub(super) fn cannot_be_asked(&self, problem: &str) -> String {
        format!("policy `{}` of the {} layer cannot be asked: {problem}", self.entry.name, self.layer)
    }
}

/// A path in a configuration is relative to its folder; one of the command line, to the working directory.
fn beside(origin: &ConfigLocation, path: &str) -> PathBuf {
    match origin {
        // Without the leading `.` of paths in a configuration.
        ConfigLocation::File(file) | ConfigLocation::Typed(file) => {
            file.parent().unwrap_or(file).join(path).components().collect()
        }
        ConfigLocation::Module(module) => module.clone(),
        // The core refuses files in the cluster's layer.
        ConfigLocation::ConfigMap { .. } => PathBuf::from(path),
    }
}

fn not_fetched(wanted: &WantedPolicy<'_>, reference: &Reference, error: &RegistryError) -> Failure {
    let hint = match error {
        RegistryError::LoginNeeded(_) | RegistryError::LoginRefused(_) | RegistryError::NotFound(_) => {
            let login = ShellCommand::new(["docker", "login"]).word(Word::authority(&reference.registry));
            format!("log in with an account that may read it: `{login}`")
        }
        RegistryError::LoginElsewhere(_) | RegistryError::LoginUnsafe(_) | RegistryError::Redirect { .. } => {
            "fetch the module yourself, keep it beside the configuration, and name \
            it there: `source: ./NAME.wasm`"
                .to_owned()
        }
        RegistryError::Digest { .. } => {
            "it was changed in the registry or in transit; tell its owner first".to_owned()
        }
        RegistryError::TooBig { .. } => {
            "the user's own egress-policy.yaml may raise `limits.module`".to_owned()
        }
        _ => "try again; once fetched it is cached, and needs no registry".to_owned(),
    };
    undecided(wanted.cannot_be_asked(&error.to_string()), Some(hint))
}
