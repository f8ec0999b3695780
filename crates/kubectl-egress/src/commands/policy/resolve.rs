//! From sources to locked modules: bytes are fetched, kept, compiled and described.
//!
//! Nothing here trusts a lock file: this is where lock files come from. A module is described by asking it, and that runs
//! it: a repository's modules only once they are trusted.

use std::path::{Component, Path, PathBuf};

use egress_policy::config::{PolicyEntry, Source};
use egress_policy::lock::{LockEntry, LockError, check};
use egress_policy::policy_set::Layer;
use egress_policy_wasm::Limits;
use egress_policy_wasm::inspect::digest;
use egress_policy_wasm::oci::Reference;

use super::module;
use crate::exit::{Code, Failure};
use crate::policies::{self, Trusted, Unlocked, lock_entry, registry};
use crate::settings::policies::PolicySettings;
use crate::settings::policy::file::ModuleFile;
use crate::settings::policy::local_config::LocalConfig;
use crate::terminal::Terminal;

/// Finds out what sources are now.
pub(super) struct Resolver<'a> {
    /// Where modules are kept.
    pub(super) settings: &'a PolicySettings,
    /// The configuration.
    local_config: &'a LocalConfig,
    /// The folder of the configuration, from which files are seen.
    folder: PathBuf,
}

/// A module as its source has it.
pub(super) struct FetchedSource {
    bytes: Vec<u8>,
    manifest: Option<String>,
}

/// How an entry of a lock file comes to be.
pub(super) enum LockUpdate<'a> {
    /// It stays, and nothing of it runs.
    Keep(&'a LockEntry),
    /// The module is asked.
    Describe(&'a PolicyEntry, FetchedSource),
}

impl<'a> Resolver<'a> {
    /// A resolver for the sources of a configuration.
    pub(super) fn beside(local_config: &'a LocalConfig, settings: &'a PolicySettings) -> Self {
        let folder = local_config.file.parent().unwrap_or(&local_config.file).to_owned();
        Resolver { settings, local_config, folder }
    }

    /// The entries of the new lock file. `typed`: the policy whose module the command line names; whoever types it has looked
    /// at it.
    pub(super) fn entries(
        &self,
        steps: Vec<LockUpdate<'_>>,
        typed: Option<&str>,
        terminal: &mut Terminal,
    ) -> anyhow::Result<Vec<LockEntry>> {
        let trusted = self.trust(&steps, typed, terminal)?;
        let mut entries = Vec::new();
        for step in steps {
            entries.push(match step {
                LockUpdate::Keep(locked) => locked.clone(),
                LockUpdate::Describe(entry, found) => self.describe(entry, found, terminal)?,
            });
        }
        trusted.remember()?;
        Ok(entries)
    }

    /// Asked about all modules that the lock file will have: an answer holds until they change.
    fn trust(
        &self,
        steps: &[LockUpdate<'_>],
        typed: Option<&str>,
        terminal: &mut Terminal,
    ) -> anyhow::Result<Trusted> {
        let unseen = |step: &LockUpdate<'_>| match step {
            LockUpdate::Keep(_) => false,
            LockUpdate::Describe(entry, _) => Some(entry.name.as_str()) != typed,
        };
        if self.local_config.layer != Layer::Repository || !steps.iter().any(unseen) {
            return Ok(Trusted::already());
        }
        let unlocked = |step: &LockUpdate<'_>| match step {
            LockUpdate::Keep(locked) => Unlocked {
                name: locked.name.clone(),
                source: locked.source.clone(),
                module: locked.module.clone(),
            },
            LockUpdate::Describe(entry, found) => Unlocked {
                name: entry.name.clone(),
                source: entry.source.to_string(),
                module: digest(&found.bytes),
            },
        };
        let modules: Vec<Unlocked> = steps.iter().map(unlocked).collect();
        policies::trust_to_lock(&self.local_config.file, &modules, self.settings, terminal)
    }

    /// What the source of an entry is now: tags are looked up, files are read.
    pub(super) async fn fresh(
        &self,
        entry: &PolicyEntry,
        terminal: &mut Terminal,
    ) -> Result<FetchedSource, Failure> {
        Ok(match &entry.source {
            Source::Oci(_) => {
                let reference = reference(entry)?;
                let registries = registry::registries(self.settings, Limits::default().module);
                let waiting = terminal.wait(&format!("looking up {reference}"));
                let published = registries.look_up(&reference).await;
                drop(waiting);
                let published = published.map_err(|error| refused(entry, &error))?;
                let bytes = self.of_registry(entry, &published.module, terminal).await?;
                FetchedSource { bytes, manifest: Some(published.manifest) }
            }
            _ => self.of_file(entry)?,
        })
    }

    /// The bytes of the module that is locked. Other bytes are an error that says what to type.
    pub(super) async fn again(
        &self,
        entry: &PolicyEntry,
        locked: &LockEntry,
        terminal: &mut Terminal,
    ) -> Result<FetchedSource, Failure> {
        let bytes = match &entry.source {
            Source::Oci(_) => self.of_registry(entry, &locked.module, terminal).await?,
            _ => self.of_file(entry)?.bytes,
        };
        let now = LockEntry { module: digest(&bytes), ..locked.clone() };
        check(locked, &now).map_err(|error: LockError| Failure {
            code: Code::Failed,
            message: error.to_string(),
            hint: None,
        })?;
        Ok(FetchedSource { bytes, manifest: locked.manifest.clone() })
    }

    fn describe(
        &self,
        entry: &PolicyEntry,
        found: FetchedSource,
        terminal: &mut Terminal,
    ) -> Result<LockEntry, Failure> {
        let file = ModuleFile { name: entry.source.to_string(), bytes: found.bytes };
        let module = module::load(&file, self.settings, terminal)?;
        Ok(lock_entry(&entry.name, &entry.source, found.manifest, &module))
    }

    /// A key of a ConfigMap is a file beside the configuration until it becomes one.
    fn of_file(&self, entry: &PolicyEntry) -> Result<FetchedSource, Failure> {
        let path = match &entry.source {
            Source::File(path) => beside(&self.folder, path),
            Source::ConfigMap { key, .. } => self.folder.join(key),
            other => self.folder.join(other.to_string()),
        };
        let file = ModuleFile::read(&path).map_err(|failure| Failure {
            message: format!("policy `{}`: {}", entry.name, failure.message),
            ..failure
        })?;
        Ok(FetchedSource { bytes: file.bytes, manifest: None })
    }

    /// The module of a digest: what was kept, or what the registry has.
    async fn of_registry(
        &self,
        entry: &PolicyEntry,
        module: &str,
        terminal: &mut Terminal,
    ) -> Result<Vec<u8>, Failure> {
        let reference = reference(entry)?;
        let largest = Limits::default().module;
        let fetched =
            registry::module(&entry.name, &reference, module, largest, self.settings, terminal).await;
        fetched.map_err(|error| refused(entry, &error))
    }
}

fn reference(entry: &PolicyEntry) -> Result<Reference, Failure> {
    entry.source.to_string().parse().map_err(|error| refused(entry, &error))
}

/// A path as seen from a folder. The folder of a first policy is made last, and `..` leads nowhere from a folder that is not
/// there.
fn beside(folder: &Path, path: &str) -> PathBuf {
    if folder.exists() {
        return folder.join(path);
    }
    Path::new(path).components().fold(folder.to_owned(), |mut way, component| {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(way.pop()),
            down => way.push(down),
        }
        way
    })
}

fn refused(entry: &PolicyEntry, error: &dyn std::error::Error) -> Failure {
    Failure { code: Code::Failed, message: format!("policy `{}`: {error}", entry.name), hint: None }
}
