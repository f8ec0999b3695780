//! Policies in other languages, made to components with the tools of their languages.
//!
//! Knows npm, pip and what a machine needs for them. A component is built again only when something it is made of has
//! changed. What the policies decide is told by their cases.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use sha2::{Digest as _, Sha256};

use crate::workspace;

/// Where the sources lie, one folder for each language.
const SOURCES: &str = "tests/guests";
/// The interfaces they speak.
const INTERFACES: &str = "wit/policy-0.1.0";
const LANGUAGES: [Language; 2] = [
    Language {
        name: "javascript",
        tools: &[&["node", "--version"], &["npm", "--version"]],
        build: javascript,
    },
    Language { name: "python", tools: &[&["python3", "-m", "venv", "--help"]], build: python },
];

/// A policy that was built.
pub(crate) struct Guest {
    /// Its language.
    pub(crate) name: &'static str,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// The folder with its cases.
    pub(crate) cases: PathBuf,
}

struct Language {
    name: &'static str,
    /// Commands that only work where the language is installed.
    tools: &'static [&'static [&'static str]],
    /// Makes a component of the sources that were copied to a folder.
    build: fn(&Places) -> anyhow::Result<()>,
}

struct Places {
    /// A copy of the sources, with what the tools put beside them.
    work: PathBuf,
    interfaces: PathBuf,
    component: PathBuf,
}

/// What this machine lacks to build them.
pub(crate) fn lacking() -> Option<String> {
    let mut commands = LANGUAGES.iter().flat_map(|language| language.tools);
    let missing = commands.find(|command| run(Command::new(command[0]).args(&command[1..])).is_err())?;
    Some(format!("`{}` does not work here", missing.join(" ")))
}

/// Builds all of them to `target/guests/LANGUAGE.wasm`.
pub(crate) fn build() -> anyhow::Result<Vec<Guest>> {
    LANGUAGES.iter().map(|language| guest(language).with_context(|| language.name)).collect()
}

fn guest(language: &Language) -> anyhow::Result<Guest> {
    let root = workspace::root();
    let source = root.join(SOURCES).join(language.name);
    let target = root.join("target/guests");
    let places = Places {
        work: target.join(language.name),
        interfaces: root.join(INTERFACES),
        component: target.join(language.name).with_extension("wasm"),
    };
    let stamp = target.join(language.name).with_extension("digest");
    let digest = digest(&[&source, &places.interfaces])?;
    let is_current = fs::read_to_string(&stamp).is_ok_and(|built| built == digest);
    if !is_current || !places.component.is_file() {
        fs::create_dir_all(&places.work)?;
        for file in files(&source)? {
            fs::copy(&file, places.work.join(file.file_name().unwrap_or_default()))?;
        }
        (language.build)(&places)?;
        fs::write(&stamp, digest)?;
    }
    let size = fs::metadata(&places.component).context("no component was built")?.len();
    Ok(Guest { name: language.name, size, cases: source.join("tests") })
}

fn javascript(places: &Places) -> anyhow::Result<()> {
    // No script of any package is run, and the lock file holds the digest of each. Not `ci`: it refuses a lock file without
    // the packages for platforms that were announced and never published.
    let install = ["install", "--ignore-scripts", "--no-audit", "--no-fund"];
    run(Command::new("npm").args(install).current_dir(&places.work))?;
    let mut build = Command::new("node");
    build.arg("build.js").arg(&places.interfaces).arg(&places.component);
    run(build.current_dir(&places.work))
}

fn python(places: &Places) -> anyhow::Result<()> {
    let tools = places.work.join("tools");
    run(Command::new("python3").args(["-m", "venv"]).arg(&tools))?;
    let mut install = Command::new(tools.join("bin/pip"));
    install.args(["install", "--disable-pip-version-check", "--requirement", "requirements.txt"]);
    run(install.current_dir(&places.work))?;
    let mut build = Command::new(tools.join("bin/componentize-py"));
    build.arg("--wit-path").arg(&places.interfaces).args(["--world", "hosts-policy", "componentize"]);
    build.args(["--stub-wasi", "policy", "--output"]).arg(&places.component);
    run(build.current_dir(&places.work))
}

/// Runs a program to its end; what it printed is told only when it failed.
fn run(command: &mut Command) -> anyhow::Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("running {name}"))?;
    let said = || [output.stdout.as_slice(), &output.stderr].concat();
    ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&said()).trim());
    Ok(())
}

/// The digest of all files of some folders.
fn digest(folders: &[&Path]) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    for folder in folders {
        for file in files(folder)? {
            hash.update(file.file_name().unwrap_or_default().as_encoded_bytes());
            hash.update(fs::read(&file)?);
        }
    }
    Ok(hash.finalize().iter().fold(String::new(), |digits, byte| format!("{digits}{byte:02x}")))
}

/// The files of a folder, without those of folders in it, in the order of their names.
fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<Vec<_>>>()?;
    let mut files: Vec<_> = paths.into_iter().filter(|path| path.is_file()).collect();
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_any_source_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "1").unwrap();
        let before = digest(&[folder.path()]).unwrap();
        assert_eq!(digest(&[folder.path()]).unwrap(), before);

        fs::write(folder.path().join("a"), "2").unwrap();

        assert_ne!(digest(&[folder.path()]).unwrap(), before);
    }

    #[test]
    fn a_program_that_fails_says_what_it_said() {
        let error = run(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 1"])).unwrap_err();

        assert_eq!(error.to_string(), "sh: out\nerr");
    }

    #[test]
    fn every_language_has_its_sources() {
        for language in &LANGUAGES {
            let source = workspace::root().join(SOURCES).join(language.name);
            assert!(source.join("tests/cases.yaml").is_file(), "{}", language.name);
        }
    }
}
