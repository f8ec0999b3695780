//! Decides whether the policy modules of a cluster or a repository may run on this machine.
//!
//! A kubeconfig may point at anybody's cluster, and a repository may be anybody's clone. Their built-in rules are data
//! and apply at once; their modules are programs, and run only with the user's consent, once for each set of modules.
//! Asks before it fetches, compiles or runs anything.

mod file;
mod question;

use std::path::{Path, PathBuf};

use egress_cluster::Cluster;
use egress_core::host::printable;
use egress_policy::lock::LockEntry;
use egress_policy::policy_set::Layer;
use egress_policy_wasm::inspect::digest;

use self::file::{Modules, TrustFile};
use super::layers::ConfigLocation;
use super::locks::WantedPolicy;
use super::undecided::undecided;
use crate::exit::{Code, Failure};
use crate::settings::policies::{PolicySettings, Trust};
use crate::terminal::Terminal;

/// The modules may run. The user's consent is stored after they are loaded.
#[derive(Debug)]
pub struct Trusted(Option<Consent>);

/// The user's consent, and the file that it is stored in.
#[derive(Debug)]
struct Consent {
    path: PathBuf,
    file: TrustFile,
}

impl Trusted {
    /// No question was asked.
    pub fn already() -> Self {
        Trusted(None)
    }

    /// Stores the user's answer.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn remember(self) -> Result<(), Failure> {
        let Some(Consent { path, file }) = self.0 else { return Ok(()) };
        file.write(&path).map_err(|error| Failure {
            code: Code::Failed,
            message: format!("your answer cannot be stored: {}: {error}", path.display()),
            hint: Some("without storing it: `--trust-policies any`".to_owned()),
        })
    }
}

/// A cluster or repository whose modules would run here.
struct Holder<'a> {
    /// The identifier of the cluster or repository, one word.
    identity: String,
    /// In words: `cluster 10.0.0.1:6443`.
    name: String,
    /// The description of its modules: from its lock file, or only their sources.
    known: Known<'a>,
    /// The digests of its modules.
    modules: Modules,
}

/// What is known about modules that have not run yet.
enum Known<'a> {
    /// Their entries in a lock file.
    Locked(Vec<&'a LockEntry>),
    /// They are not locked yet: their names, digests and sources.
    Sources(&'a [Unlocked]),
}

/// A module that will be locked, and has not run yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlocked {
    /// The policy.
    pub name: String,
    /// Its source in the configuration.
    pub source: String,
    /// The digest of the bytes at the source.
    pub module: String,
}

/// Lets the modules of a repository run, including unlocked ones, or refuses. Locking runs each module, to read its
/// name and version.
///
/// # Errors
/// If they are not trusted.
pub fn to_lock(
    configuration: &Path,
    modules: &[Unlocked],
    settings: &PolicySettings,
    terminal: &mut Terminal,
) -> Result<Trusted, anyhow::Error> {
    let digests = modules.iter().map(|module| (module.name.clone(), module.module.clone())).collect();
    let (identity, name) = repository(configuration);
    let holder = Holder { identity, name, known: Known::Sources(modules), modules: digests };
    ask(&[holder], settings, terminal)
}

/// Lets the modules of a cluster and of a repository run, or refuses.
pub(super) fn obtain(
    wanted: &[WantedPolicy<'_>],
    cluster: Option<&Cluster>,
    settings: &PolicySettings,
    terminal: &mut Terminal,
) -> Result<Trusted, anyhow::Error> {
    ask(&holders(wanted, cluster), settings, terminal)
}

fn ask(
    holders: &[Holder<'_>],
    settings: &PolicySettings,
    terminal: &mut Terminal,
) -> Result<Trusted, anyhow::Error> {
    if holders.is_empty() || settings.trust == Some(Trust::Any) {
        return Ok(Trusted::already());
    }
    // The flag of a pipeline covers all modules, or those of one cluster or repository.
    let all: Modules = holders.iter().flat_map(|holder| holder.modules.clone()).collect();
    let set = digest_of(&all);
    if let Some(Trust::Set(trusted)) = &settings.trust
        && *trusted != set
        && !holders.iter().any(|holder| digest_of(&holder.modules) == *trusted)
    {
        let names: Vec<&str> = holders.iter().map(|holder| holder.name.as_str()).collect();
        return Err(undecided(
            format!(
                "the policy modules of {} are {set}, but `--trust-policies` trusts {trusted}",
                names.join(" and ")
            ),
            Some(format!("review the change, then type `--trust-policies {set}`")),
        )
        .into());
    }
    let path = settings.directories.configuration.as_deref().map(|folder| folder.join(file::NAME));
    let mut file = path.as_deref().map(TrustFile::read).transpose()?.unwrap_or_default();
    let mut answered = false;
    for holder in holders {
        let typed = |trust: &Trust| matches!(trust, Trust::Set(typed) if *typed == set || *typed == digest_of(&holder.modules));
        let known = file.modules(&holder.identity);
        if settings.trust.as_ref().is_some_and(typed) || known == Some(&holder.modules) {
            continue;
        }
        let introduction = question::introduction(known, &holder.modules, &holder.name);
        if !terminal.can_ask() {
            return Err(undecided(
                format!("{introduction}: {}", question::list(&holder.modules)),
                Some(format!("if you trust them, type `--trust-policies {set}`")),
            )
            .into());
        }
        let table = match &holder.known {
            Known::Locked(locked) => question::table(locked),
            Known::Sources(modules) => question::sources(modules),
        };
        terminal.note(&format!("{introduction}:\n{table}"));
        terminal.note("A module has no network, no files and no credentials, and runs within limits.");
        if !terminal.ask("Run them here until they change?")? {
            let message = format!("the policies of {} were not trusted; nothing was done", holder.name);
            return Err(undecided(message, None).into());
        }
        file.trust(&holder.identity, holder.modules.clone());
        answered = true;
    }
    let Some(path) = path.filter(|_| answered) else { return Ok(Trusted::already()) };
    Ok(Trusted(Some(Consent { path, file })))
}

/// The cluster and the repository, if they have modules. Modules of the user's own file and of the command line need no
/// consent: the user chose them.
fn holders<'a>(wanted: &'a [WantedPolicy<'_>], cluster: Option<&Cluster>) -> Vec<Holder<'a>> {
    let holder = |layer: Layer, identity: String, name: String| {
        let locked: Vec<&LockEntry> = wanted
            .iter()
            .filter(|wanted| wanted.layer == layer)
            .filter_map(|wanted| wanted.locked.as_ref())
            .collect();
        let modules = locked.iter().map(|entry| (entry.name.clone(), entry.module.clone())).collect();
        (!locked.is_empty()).then_some(Holder { identity, name, known: Known::Locked(locked), modules })
    };
    let of_cluster = cluster.and_then(|cluster| {
        let name = format!("cluster {}", cluster.server());
        holder(Layer::Cluster, cluster.identity().to_owned(), name)
    });
    let in_repository = wanted.iter().find(|wanted| wanted.layer == Layer::Repository);
    let of_repository = in_repository.and_then(|wanted| match wanted.origin {
        ConfigLocation::File(path) => {
            let (identity, name) = repository(path);
            holder(Layer::Repository, identity, name)
        }
        ConfigLocation::Typed(_) | ConfigLocation::Module(_) | ConfigLocation::ConfigMap { .. } => None,
    });
    of_cluster.into_iter().chain(of_repository).collect()
}

/// The repository of a configuration, as one word and for people.
fn repository(configuration: &Path) -> (String, String) {
    // Two paths to one folder are one repository. A path may contain any character: its digest is one word.
    let folder = match configuration.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => configuration,
    };
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let identity = format!("repository-{}", digest(real.as_os_str().as_encoded_bytes()).replace(':', "-"));
    let shown = real.parent().unwrap_or(&real);
    (identity, format!("repository {}", printable(&shown.display().to_string())))
}

/// The digest of a set of modules, independent of their names and order.
fn digest_of(modules: &Modules) -> String {
    let mut digests: Vec<&str> = modules.values().map(String::as_str).collect();
    digests.sort_unstable();
    digests.dedup();
    digest(digests.join("\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modules(pairs: &[(&str, &str)]) -> Modules {
        pairs.iter().map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned())).collect()
    }

    #[test]
    fn a_set_is_the_same_by_any_names() {
        let one = digest_of(&modules(&[("a", "sha256:1"), ("b", "sha256:2")]));
        assert_eq!(one, digest_of(&modules(&[("x", "sha256:2"), ("y", "sha256:1"), ("z", "sha256:1")])));
        assert_ne!(one, digest_of(&modules(&[("a", "sha256:1")])));
    }
}
