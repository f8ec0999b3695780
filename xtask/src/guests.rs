//! Policies in other languages: the projects that `policy init` writes, built by `policy build` with the tools of their
//! languages.
//!
//! Knows what a machine needs for them. A project is built again only when `policy init` writes another one. What the
//! policies decide is told by the projects' own cases.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::Context as _;
use egress_core::digest;
use ignore::WalkBuilder;

use crate::{finish::finish, terminal, workspace};

const LANGUAGES: [GuestLanguage; 2] = [
    GuestLanguage { name: "javascript", tools: &[&["node", "--version"], &["npm", "--version"]] },
    GuestLanguage { name: "python", tools: &[&["python3", "-m", "venv", "--help"]] },
];

/// A policy that was built.
pub(crate) struct Guest {
    /// Its language.
    pub(crate) name: &'static str,
    /// Its project, with its cases.
    pub(crate) project: PathBuf,
    /// Its size in bytes.
    pub(crate) size: u64,
}

struct GuestLanguage {
    /// As `policy init --lang` has it.
    name: &'static str,
    /// Commands that only work where the language is installed.
    tools: &'static [&'static [&'static str]],
}

/// What this machine lacks to build them.
pub(crate) fn lacking() -> Option<String> {
    let mut commands = LANGUAGES.iter().flat_map(|language| language.tools);
    let missing = commands.find(|command| finish(Command::new(command[0]).args(&command[1..])).is_err())?;
    Some(format!("`{}` does not work here", missing.join(" ")))
}

/// Builds all of them in `target/guests/LANGUAGE`.
pub(crate) fn build() -> anyhow::Result<Vec<Guest>> {
    LANGUAGES.iter().map(|language| guest(language.name).with_context(|| language.name)).collect()
}

/// The program under test, with a cache beside the projects: native code is kept as long as they are.
pub(crate) fn program() -> Command {
    let root = workspace::root();
    let mut command = Command::new(root.join("target/debug/kubectl-egress"));
    command.env("XDG_CACHE_HOME", root.join("target/guests/cache"));
    command
}

fn guest(language: &'static str) -> anyhow::Result<Guest> {
    let target = workspace::root().join("target/guests");
    let [project, new] = [language.to_owned(), format!("{language}.new")].map(|name| target.join(name));
    fs::create_dir_all(&target)?;
    remove(&new)?;
    let init = ["policy", "init", "acme-hosts", "--lang", language, "--directory"];
    finish(program().args(init).arg(&new))?;
    let stamp = project.with_extension("digest");
    let digest = digest_of(&new)?;
    let is_current = fs::read_to_string(&stamp).is_ok_and(|built| built == digest);
    let module = project.join("dist/policy.wasm");
    if is_current && module.is_file() {
        remove(&new)?;
    } else {
        remove(&project)?;
        fs::rename(&new, &project)?;
        let start = Instant::now();
        finish(program().args(["policy", "build"]).arg(&project))?;
        // Authors wait for it: tools that are fetched, a module that is built, and native code made of it.
        terminal::progress(format_args!("  {language}: built in {:.1} s", start.elapsed().as_secs_f64()));
        fs::write(&stamp, digest)?;
    }
    let size = fs::metadata(&module).context("no module was built")?.len();
    Ok(Guest { name: language, project, size })
}

/// Removes a folder, where there is one.
fn remove(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))?;
    }
    Ok(())
}

/// The digest of all files below a folder, and of their places.
fn digest_of(folder: &Path) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let walk = WalkBuilder::new(folder).standard_filters(false).sort_by_file_path(Path::cmp).build();
    for entry in walk {
        let entry = entry?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            bytes.extend(entry.path().strip_prefix(folder)?.as_os_str().as_encoded_bytes());
            bytes.extend(fs::read(entry.path())?);
        }
    }
    Ok(digest::sha256(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_any_file_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".a/b");
        fs::create_dir(folder.path().join(".a")).unwrap();
        fs::write(&file, "1").unwrap();
        let before = digest_of(folder.path()).unwrap();
        assert_eq!(digest_of(folder.path()).unwrap(), before);

        fs::write(&file, "2").unwrap();

        assert_ne!(digest_of(folder.path()).unwrap(), before);
    }
}
