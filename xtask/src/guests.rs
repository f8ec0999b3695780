//! Policies in other languages: the projects that `policy init` writes, built by `policy build` with the tools of their
//! languages.
//!
//! Knows what a machine needs for them. A project is built again only when `policy init` writes another one. What the
//! policies decide is told by the projects' own cases.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, ensure};
use ignore::WalkBuilder;
use sha2::{Digest as _, Sha256};

use crate::{terminal, workspace};

const LANGUAGES: [Language; 2] = [
    Language { name: "javascript", tools: &[&["node", "--version"], &["npm", "--version"]] },
    Language { name: "python", tools: &[&["python3", "-m", "venv", "--help"]] },
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

struct Language {
    /// As `policy init --lang` has it.
    name: &'static str,
    /// Commands that only work where the language is installed.
    tools: &'static [&'static [&'static str]],
}

/// What this machine lacks to build them.
pub(crate) fn lacking() -> Option<String> {
    let mut commands = LANGUAGES.iter().flat_map(|language| language.tools);
    let missing = commands.find(|command| run(Command::new(command[0]).args(&command[1..])).is_err())?;
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
    run(program().args(init).arg(&new))?;
    let stamp = project.with_extension("digest");
    let digest = digest(&new)?;
    let is_current = fs::read_to_string(&stamp).is_ok_and(|built| built == digest);
    let module = project.join("dist/policy.wasm");
    if is_current && module.is_file() {
        remove(&new)?;
    } else {
        remove(&project)?;
        fs::rename(&new, &project)?;
        let start = Instant::now();
        run(program().args(["policy", "build"]).arg(&project))?;
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

/// Runs a program to its end; what it printed is told only when it failed.
fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("running {name}"))?;
    let said = || [output.stdout.as_slice(), &output.stderr].concat();
    ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&said()).trim());
    Ok(())
}

/// The digest of all files below a folder, and of their places.
fn digest(folder: &Path) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    let walk = WalkBuilder::new(folder).standard_filters(false).sort_by_file_path(Path::cmp).build();
    for entry in walk {
        let entry = entry?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            hash.update(entry.path().strip_prefix(folder)?.as_os_str().as_encoded_bytes());
            hash.update(fs::read(entry.path())?);
        }
    }
    Ok(hash.finalize().iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}")))
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
        let before = digest(folder.path()).unwrap();
        assert_eq!(digest(folder.path()).unwrap(), before);

        fs::write(&file, "2").unwrap();

        assert_ne!(digest(folder.path()).unwrap(), before);
    }

    #[test]
    fn a_program_that_fails_says_what_it_said() {
        let error = run(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 1"])).unwrap_err();

        assert_eq!(error.to_string(), "sh: out\nerr");
    }
}
