//! Which policies are asked, and the folders of policies and their cache.
//!
//! Knows the user's XDG folders. Reads no file.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use egress_core::digest::is_digest;
use egress_core::host::quoted;
use egress_core::intent::is_label;
use egress_files::Owners;

use crate::cli;
use crate::exit::{Code, Failure};

/// The variable with folders whose content is always trusted.
pub const SAFE: &str = "KUBECTL_EGRESS_SAFE_DIRECTORIES";
/// The user who typed `sudo`.
const BEFORE_SUDO: &str = "SUDO_UID";

/// Which policies are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicySettings {
    /// `--policy`: configurations and modules.
    pub files: Vec<PathBuf>,
    /// `--trust-policies`.
    pub trust: Option<Trust>,
    /// The mesh's root namespace, if the user named it.
    pub root_namespace: Option<String>,
    /// `--explain`.
    pub explain: bool,
    /// The folders of policies.
    pub directories: Directories,
    /// The path of this program: it compiles modules in a separate process.
    pub program: PathBuf,
}

/// The folders of policies and their cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directories {
    /// The working directory: the repository's policies are in it or above it.
    pub working: PathBuf,
    /// The user's policies and what the user trusts; `None`: the user has no home.
    pub configuration: Option<PathBuf>,
    /// The cache of fetched modules and their native code.
    pub cache: Option<PathBuf>,
    /// The credentials of registries, as Docker keeps them.
    pub registry_credentials: Option<PathBuf>,
    /// Whose policies are trusted.
    pub owners: Owners,
}

/// Which modules run without a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// All, for this one command.
    Any,
    /// Exactly this set of modules: `sha256:` and 64 hexadecimal digits.
    Set(String),
}

impl PolicySettings {
    /// Puts flags and environment together. `explain`: the user wants the reasons for each policy's answer.
    pub fn resolve(typed: cli::policies::Policies, explain: bool) -> Result<Self, Failure> {
        Ok(PolicySettings {
            files: typed.files,
            trust: typed.trust_policies,
            root_namespace: typed.root_namespace.map(root_namespace).transpose()?,
            explain,
            directories: Directories::of_user()?,
            program: env::current_exe().map_err(|error| lost("which program this is", &error))?,
        })
    }

    /// A path for messages: relative if it is below the working directory, else absolute.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.directories.working).unwrap_or(path).display().to_string()
    }
}

impl Directories {
    /// The user's folders.
    pub fn of_user() -> Result<Self, Failure> {
        let ours = |base: PathBuf| base.join("kubectl-egress");
        let working = env::current_dir().map_err(|error| lost("the working directory", &error))?;
        Ok(Directories {
            owners: owners(&working),
            working,
            configuration: base("XDG_CONFIG_HOME", ".config").map(ours),
            cache: base("XDG_CACHE_HOME", ".cache").map(|base| ours(base).join("policy")),
            registry_credentials: named("DOCKER_CONFIG")
                .or_else(|| env::home_dir().map(|home| home.join(".docker")))
                .map(|folder| folder.join("config.json")),
        })
    }
}

/// Refuses an invalid namespace name before it becomes part of a URL.
fn root_namespace(name: String) -> Result<String, Failure> {
    if is_label(&name) {
        return Ok(name);
    }
    Err(Failure::usage(
        format!(
            "`--root-namespace`: expected at most 63 lower case letters, digits and `-`, found {}",
            quoted(&name)
        ),
        "type `kubectl get namespaces` for the existing names",
    ))
}

impl FromStr for Trust {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "any" => Ok(Trust::Any),
            text if is_digest(text) => Ok(Trust::Set(text.to_owned())),
            _ => Err("expected `any`, or `sha256:` and 64 hexadecimal digits".to_owned()),
        }
    }
}

/// Whose policies are trusted in this working directory: everybody's, if the user marked it as safe.
fn owners(working: &Path) -> Owners {
    let safe = env::var_os(SAFE).unwrap_or_default();
    if env::split_paths(&safe).any(|folder| folder.is_absolute() && working.starts_with(folder)) {
        return Owners::everybody();
    }
    let before = env::var(BEFORE_SUDO).ok().and_then(|user| user.parse().ok());
    before.map_or_else(Owners::default, |user| Owners::default().and_before_sudo(user))
}

/// A folder of the XDG specification, which says to ignore relative ones.
fn base(variable: &str, in_home: &str) -> Option<PathBuf> {
    let named = named(variable).filter(|folder| folder.is_absolute());
    named.or_else(|| env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(in_home)))
}

fn named(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|value: &OsString| !value.is_empty()).map(PathBuf::from)
}

fn lost(what: &str, error: &std::io::Error) -> Failure {
    Failure { code: Code::Failed, message: format!("cannot find out {what}: {error}"), hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_trusted_only_when_it_is_whole() {
        let digest = format!("sha256:{}", "0f".repeat(32));
        assert_eq!(digest.parse(), Ok(Trust::Set(digest.clone())));
        assert_eq!("any".parse(), Ok(Trust::Any));
        for text in ["", "Any", "sha256:", "sha512:00", &digest[..70], &digest.to_uppercase()] {
            assert!(text.parse::<Trust>().is_err(), "{text}");
        }
    }
}
