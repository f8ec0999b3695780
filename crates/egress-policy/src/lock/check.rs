//! Whether a module is the one that was locked.

use thiserror::Error;

use super::LockEntry;
use egress_core::command::{ShellCommand, Word};

/// A difference between what was locked and what is there. Each says what to type.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LockError {
    /// The configuration has the policy, the lock file has not.
    #[error(
        "policy `{name}` is not in egress-policy.lock: run `kubectl egress policy lock`, and commit its files"
    )]
    Missing {
        /// The policy.
        name: String,
    },
    /// The configuration names another source.
    #[error(
        "policy `{name}` comes from `{found}`, and was locked from `{locked}`: run `kubectl egress policy lock` if you want that"
    )]
    Source {
        /// The policy.
        name: String,
        /// Then.
        locked: String,
        /// Now.
        found: String,
    },
    /// Other bytes.
    #[error(
        "the module of policy `{name}` is {found}, and was locked as {locked}: if you want the change, run `{}`, and have the new lock file reviewed",
        update(name)
    )]
    Module {
        /// The policy.
        name: String,
        /// Then.
        locked: String,
        /// Now.
        found: String,
    },
    /// The registry answers with another manifest.
    #[error(
        "the manifest of policy `{name}` is {found}, and was locked as {locked}: if you want the change, run `{}`, and have the new lock file reviewed",
        update(name)
    )]
    Manifest {
        /// The policy.
        name: String,
        /// Then.
        locked: String,
        /// Now.
        found: String,
    },
    /// The bytes are the ones that were locked, and the entry tells of other ones: somebody edited it.
    #[error(
        "egress-policy.lock says `{field} = {locked}` for policy `{name}`, but the locked module ({module}) has `{found}`: the file was edited by hand; run `kubectl egress policy lock`"
    )]
    Edited {
        /// The policy.
        name: String,
        /// `size`, `api`, `imports`, `needs`, `id` or `version-reported`.
        field: &'static str,
        /// What the file says.
        locked: String,
        /// What is so.
        found: String,
        /// The module's digest.
        module: String,
    },
}

fn update(policy: &str) -> ShellCommand {
    ShellCommand::new(["kubectl", "egress", "policy", "update"]).word(Word::name(policy))
}

/// Compares what was locked with what is there now. The first difference is told, the most telling first.
///
/// # Errors
/// [`LockError`] says what differs and what to type.
pub fn check(locked: &LockEntry, found: &LockEntry) -> Result<(), LockError> {
    let name = || locked.name.clone();
    let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
    if locked.source != found.source {
        let (locked, found) = pair(&locked.source, &found.source);
        return Err(LockError::Source { name: name(), locked, found });
    }
    if locked.module != found.module {
        let (locked, found) = pair(&locked.module, &found.module);
        return Err(LockError::Module { name: name(), locked, found });
    }
    // A module that comes from the cache has no manifest to compare.
    if let (Some(then), Some(now)) = (&locked.manifest, &found.manifest)
        && then != now
    {
        return Err(LockError::Manifest { name: name(), locked: then.clone(), found: now.clone() });
    }
    let fields = [
        ("size", locked.size.to_string(), found.size.to_string()),
        ("api", list(&locked.api), list(&found.api)),
        ("imports", list(&locked.imports), list(&found.imports)),
        ("needs", list(&locked.needs), list(&found.needs)),
        ("id", locked.id.clone(), found.id.clone()),
        ("version-reported", locked.version_reported.clone(), found.version_reported.clone()),
    ];
    match fields.into_iter().find(|(_, then, now)| then != now) {
        Some((field, then, now)) => Err(LockError::Edited {
            name: name(),
            field,
            locked: then,
            found: now,
            module: locked.module.clone(),
        }),
        None => Ok(()),
    }
}

fn list(words: &[String]) -> String {
    format!("[{}]", words.join(", "))
}
