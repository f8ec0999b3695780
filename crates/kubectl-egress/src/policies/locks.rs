//! Checks policies against their locks.
//!
//! Knows the messages of a refusal; `egress-policy` decides what a difference means.

use egress_policy::Policy as _;
use egress_policy::config::{PolicyEntry, Source};
use egress_policy::lock::{self, Lock, LockEntry, LockError};
use egress_policy::policy_set::{Layer, MergedConfig};
use egress_policy_wasm::Module;

use super::layers::{ConfigLocation, Configured};
use super::undecided::undecided;
use crate::exit::Failure;
use crate::settings::policies::PolicySettings;

/// One policy to load.
#[derive(Debug)]
pub(super) struct WantedPolicy<'a> {
    /// Its layer.
    pub(super) layer: Layer,
    /// Its entry in the file.
    pub(super) entry: &'a PolicyEntry,
    /// Its file.
    pub(super) origin: &'a ConfigLocation,
    /// Its lock; `None` if it needs none.
    pub(super) locked: Option<LockEntry>,
}

/// Every policy with its lock. Every module needs a lock, except those of the command line.
pub(super) fn of_all<'a>(
    merged: &'a MergedConfig,
    configured: &'a [Configured],
    settings: &PolicySettings,
) -> Result<Vec<WantedPolicy<'a>>, Failure> {
    let mut all = Vec::new();
    for file in configured {
        let mut lock: Option<Lock> = None;
        let of_file = |(layer, entry): &&(Layer, PolicyEntry)| {
            *layer == file.layer && file.set.policies.iter().any(|own| own.name == entry.name)
        };
        for (layer, entry) in merged.entries.iter().filter(of_file) {
            let mut wanted = WantedPolicy { layer: *layer, entry, origin: &file.origin, locked: None };
            if entry.source != Source::Builtin && !matches!(file.origin, ConfigLocation::Module(_)) {
                let lock = match &mut lock {
                    Some(lock) => lock,
                    none => none.insert(file.origin.lock(settings)?),
                };
                wanted.locked = Some(wanted.in_lock(lock, settings)?);
            }
            all.push(wanted);
        }
    }
    Ok(all)
}

impl WantedPolicy<'_> {
    /// Refuses bytes with another digest than the lock, before any other use.
    pub(super) fn check_digest(&self, digest: &str, settings: &PolicySettings) -> Result<(), Failure> {
        let Some(locked) = &self.locked else { return Ok(()) };
        let found =
            LockEntry { source: self.entry.source.to_string(), module: digest.to_owned(), ..locked.clone() };
        lock::check(locked, &found).map_err(|error| self.refused(&error, settings))
    }

    /// Refuses a lock file that describes a module differently from the module itself.
    pub(super) fn check_module(&self, module: &Module, settings: &PolicySettings) -> Result<(), Failure> {
        let Some(locked) = &self.locked else { return Ok(()) };
        let found = entry(&self.entry.name, &self.entry.source, None, module);
        lock::check(locked, &found).map_err(|error| self.refused(&error, settings))
    }

    fn in_lock(&self, lock: &Lock, settings: &PolicySettings) -> Result<LockEntry, Failure> {
        let name = &self.entry.name;
        let missing = || self.refused(&LockError::Missing { name: name.clone() }, settings);
        lock.entry(name).cloned().ok_or_else(missing)
    }

    fn refused(&self, error: &LockError, settings: &PolicySettings) -> Failure {
        let place = self.origin.lock_name(settings);
        undecided(format!("{place} ({} layer): {error}", self.layer), None)
    }
}

/// A module as a lock file describes it.
pub fn entry(name: &str, source: &Source, manifest: Option<String>, module: &Module) -> LockEntry {
    let inspection = module.inspection();
    let descriptor = module.descriptor();
    let mut needs: Vec<String> = descriptor.needs.iter().map(ToString::to_string).collect();
    needs.sort_unstable();
    needs.dedup();
    LockEntry {
        name: name.to_owned(),
        source: source.to_string(),
        manifest,
        module: inspection.digest.clone(),
        size: inspection.size,
        api: inspection.api.clone(),
        imports: inspection.imports.clone(),
        needs,
        id: descriptor.id.clone(),
        version_reported: descriptor.version.clone(),
    }
}
