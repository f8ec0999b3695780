//! Reads and writes a configuration of policies and its lock file.

use std::path::{Path, PathBuf};

use egress_policy::config::{PolicyConfig, PolicyEntry, Source};
use egress_policy::lock::{Lock, LockEntry};

use crate::exit::{Code, Failure};
use crate::policies;
use crate::settings::policy::file;

/// A configuration and its lock file.
pub(super) struct Configuration {
    /// The configuration's file.
    pub(super) path: PathBuf,
    /// Its text.
    pub(super) text: String,
    /// The parsed configuration.
    pub(super) set: PolicyConfig,
    /// The locked modules.
    pub(super) lock: Lock,
}

impl Configuration {
    /// Reads both. `None`: there is no configuration.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Failure> {
        if !path.exists() {
            return Ok(None);
        }
        let text = file::text(path)?;
        let set = parse(path, &text)?;
        let lock_path = path.with_file_name(policies::LOCK);
        let lock = if lock_path.exists() { read_lock(&lock_path)? } else { Lock::default() };
        Ok(Some(Configuration { path: path.to_owned(), text, set, lock }))
    }

    /// Reads both; an error without a configuration.
    pub(super) fn required(path: &Path) -> Result<Self, Failure> {
        Self::read(path)?.ok_or_else(|| Failure {
            code: Code::Usage,
            message: format!("there is no {}", path.display()),
            hint: Some("add a policy first: `kubectl egress policy add SOURCE --name NAME`".to_owned()),
        })
    }

    /// The policies that are modules.
    pub(super) fn modules(&self) -> impl Iterator<Item = &PolicyEntry> {
        self.set.policies.iter().filter(|entry| entry.source != Source::Builtin)
    }

    /// The lock of a policy, if its source is still the same.
    pub(super) fn locked(&self, entry: &PolicyEntry) -> Option<&LockEntry> {
        self.lock.entry(&entry.name).filter(|locked| locked.source == entry.source.to_string())
    }

    /// The lock file's path.
    pub(super) fn lock_path(&self) -> PathBuf {
        self.path.with_file_name(policies::LOCK)
    }

    /// The lock file's text as it is now; empty: there is none.
    pub(super) fn lock_text(&self) -> Result<String, Failure> {
        let path = self.lock_path();
        if path.exists() { file::text(&path) } else { Ok(String::new()) }
    }
}

/// Reads a configuration's text.
pub(super) fn parse(path: &Path, text: &str) -> Result<PolicyConfig, Failure> {
    PolicyConfig::parse(text).map_err(|error| Failure {
        code: Code::Usage,
        message: format!("{}:{}:{}: {}", path.display(), error.line, error.column, error.message),
        hint: Some("see the fields in docs/policies.md".to_owned()),
    })
}

/// The text of a lock file.
pub(super) fn lock_text(entries: Vec<LockEntry>) -> anyhow::Result<String> {
    Ok(Lock { entries }.to_text()?)
}

fn read_lock(path: &Path) -> Result<Lock, Failure> {
    Lock::parse(&file::text(path)?).map_err(|error| Failure {
        code: Code::Usage,
        message: format!("{}:{}:{}: {}", path.display(), error.line, error.column, error.message),
        hint: Some(
            "restore it from version control, or delete it and run `kubectl egress policy lock`".to_owned(),
        ),
    })
}
