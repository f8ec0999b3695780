//! Programs that Go builds: once, then found by what they are made from.
//!
//! Knows Go and the cache; knows nothing of what the programs do.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use ignore::WalkBuilder;

use crate::{digest, timed::timed};

/// Where the Go modules of the bed lie.
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/bed");

/// Programs of one Go module, built together so that what they share is compiled once.
pub(super) struct GoModule {
    /// What their folder in the cache is called.
    pub(super) name: &'static str,
    /// Where the `go.mod` lies below `tests/bed`.
    pub(super) folder: &'static str,
    /// What Go's compiler is told.
    pub(super) compiler: &'static [&'static str],
    /// What a person who waits is told.
    pub(super) what: &'static str,
    /// The packages that are programs.
    pub(super) packages: &'static [&'static str],
    /// How long it takes on two processors where nothing is cached.
    pub(super) usual: Duration,
}

impl GoModule {
    /// The folder of the programs, which are built where they are not there.
    ///
    /// # Errors
    /// Go could not build them.
    pub(super) fn build(&self, cache: &Path) -> anyhow::Result<PathBuf> {
        let folder = cache.join(format!("{}-{}", self.name, self.key()?));
        if folder.is_dir() {
            return Ok(folder);
        }
        let unfinished = folder.with_extension("unfinished");
        fs::create_dir_all(&unfinished).with_context(|| format!("cannot create {}", unfinished.display()))?;
        timed(&format!("building {}", self.what), self.usual, || {
            let mut go = self.go();
            go.args(["build", "-trimpath", "-ldflags=-s -w"]).args(self.compiler).arg("-o").arg(&unfinished);
            let status = go.args(self.packages).stdout(Stdio::null()).status()?;
            ensure!(status.success(), "go build failed in {}", self.source().display());
            Ok(())
        })?;
        fs::rename(&unfinished, &folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(folder)
    }

    /// A file of a module that this one is made from.
    ///
    /// # Errors
    /// Go does not know the module, or the file cannot be read.
    pub(super) fn file_of(&self, module: &str, file: &str) -> anyhow::Result<Vec<u8>> {
        let folder = output(self.go().args(["list", "-m", "-f", "{{.Dir}}", module]))?;
        let path = Path::new(&folder).join(file);
        fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// What the programs are made from: their sources, their dependencies, their compiler.
    fn key(&self) -> anyhow::Result<String> {
        let mut files = Vec::new();
        for entry in WalkBuilder::new(self.source()).sort_by_file_path(Ord::cmp).build() {
            let path = entry?.into_path();
            let name = path.file_name().unwrap_or_default();
            if name == "go.mod" || name == "go.sum" || path.extension().is_some_and(|ending| ending == "go") {
                files.push(path);
            }
        }
        ensure!(!files.is_empty(), "expected a Go module in {}", self.source().display());
        let mut made_from = output(self.go().args(["env", "GOVERSION"]))?;
        for file in files {
            made_from += &digest::sha256(&fs::read(&file)?);
        }
        Ok(digest::sha256(made_from.as_bytes())[..16].to_owned())
    }

    fn go(&self) -> Command {
        let mut command = Command::new("go");
        command.current_dir(self.source());
        command
    }

    fn source(&self) -> PathBuf {
        Path::new(SOURCES).join(self.folder)
    }
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "{command:?} failed with {}", output.status);
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}
