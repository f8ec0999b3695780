//! Whether a cluster's policy modules may run on this machine.
//!
//! A kubeconfig may point at anybody's cluster. Its rules are data and are obeyed at once; its modules are programs, and
//! run only after their user said so, once for each set of modules. Asked before anything is fetched, compiled or run.

mod file;
mod question;

use std::path::PathBuf;

use egress_cluster::Cluster;
use egress_core::policy::lock::LockEntry;
use egress_core::policy::member::Layer;
use egress_policy::inspect::digest;

use self::file::{Modules, TrustFile};
use super::locks::Wanted;
use super::undecided;
use crate::exit::{Code, Failure};
use crate::settings::policies::{PolicySettings, Trust};
use crate::terminal::Terminal;

/// A cluster's modules may run; what a person said about it is remembered once they were loaded.
#[derive(Debug)]
pub(super) struct Trusted(Option<Answer>);

/// What a person said.
#[derive(Debug)]
struct Answer {
    path: PathBuf,
    file: TrustFile,
}

impl Trusted {
    /// Nothing was asked.
    pub(super) fn already() -> Self {
        Trusted(None)
    }

    /// Writes down what a person said.
    pub(super) fn remember(self) -> Result<(), Failure> {
        let Some(Answer { path, file }) = self.0 else { return Ok(()) };
        file.write(&path).map_err(|error| Failure {
            code: Code::Failed,
            message: format!("what you trust cannot be written down: {}: {error}", path.display()),
            hint: Some("without writing: `--trust-policies any`".to_owned()),
        })
    }
}

/// Lets a cluster's modules run, or refuses.
pub(super) fn obtain(
    wanted: &[Wanted<'_>],
    cluster: &Cluster,
    settings: &PolicySettings,
    terminal: &mut Terminal,
) -> Result<Trusted, anyhow::Error> {
    let of_cluster = wanted.iter().filter(|wanted| wanted.layer == Layer::Cluster);
    let locked: Vec<&LockEntry> = of_cluster.filter_map(|wanted| wanted.locked.as_ref()).collect();
    if locked.is_empty() {
        return Ok(Trusted::already());
    }
    let modules: Modules = locked.iter().map(|entry| (entry.name.clone(), entry.module.clone())).collect();
    let set = digest_of(&modules);
    match &settings.trust {
        Some(Trust::Any) => return Ok(Trusted::already()),
        Some(Trust::Set(trusted)) if *trusted == set => return Ok(Trusted::already()),
        Some(Trust::Set(trusted)) => {
            return Err(undecided(
                format!(
                    "the policy modules of cluster {} are {set}, and `--trust-policies` trusts {trusted}",
                    cluster.server()
                ),
                Some(format!("look at what changed, then type `--trust-policies {set}`")),
            )
            .into());
        }
        None => {}
    }
    let path = settings.directories.configuration.as_deref().map(|folder| folder.join(file::NAME));
    let mut file = path.as_deref().map(TrustFile::read).transpose()?.unwrap_or_default();
    let known = file.modules(cluster.identity());
    if known == Some(&modules) {
        return Ok(Trusted::already());
    }
    let introduction = question::introduction(known, &modules, cluster.server());
    if !terminal.can_ask() {
        return Err(undecided(
            format!("{introduction}: {}", question::list(&modules)),
            Some(format!("if you know them, type `--trust-policies {set}`")),
        )
        .into());
    }
    terminal.note(&format!("{introduction}:\n{}", question::table(&locked)));
    terminal.note("A module has no network, no files and no credentials, and works within limits.");
    if !terminal.ask("Run them here, until they change?")? {
        return Err(undecided("the cluster's policies were not trusted; nothing was done", None).into());
    }
    let Some(path) = path else { return Ok(Trusted::already()) };
    file.trust(cluster.identity(), modules);
    Ok(Trusted(Some(Answer { path, file })))
}

/// The digest of a set of modules, whatever they are called and in whatever order they are asked.
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
