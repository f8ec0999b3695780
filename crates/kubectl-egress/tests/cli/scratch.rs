//! A directory of its own for a case that writes files, or that needs modules.

use std::path::{Path, PathBuf};
use std::{fs, io};

use tempfile::TempDir;

use crate::guest;

/// A copy of a case's `in`, with the modules of its `modules`.
pub(crate) struct Scratch {
    /// Thrown away at the end.
    directory: TempDir,
}

impl Scratch {
    /// The directory, where a case needs one.
    pub(crate) fn of(case: &Path) -> io::Result<Option<Self>> {
        let input = case.join("in");
        if !input.exists() && !case.join("modules").exists() {
            return Ok(None);
        }
        let directory = tempfile::tempdir()?;
        if input.exists() {
            copy(&input, directory.path())?;
        }
        guest::make(case, directory.path()).map_err(io::Error::other)?;
        Ok(Some(Scratch { directory }))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Each file of the case's `out`, and the file it is compared with.
    pub(crate) fn written(&self, case: &Path) -> Vec<(PathBuf, PathBuf)> {
        let out = case.join("out");
        let names = files(&out, Path::new(""));
        names.into_iter().map(|name| (out.join(&name), self.path().join(&name))).collect()
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for name in files(from, Path::new("")) {
        let target = to.join(&name);
        fs::create_dir_all(target.parent().unwrap_or(to))?;
        fs::copy(from.join(&name), target)?;
    }
    Ok(())
}

/// The files below a directory, as seen from it.
fn files(root: &Path, below: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root.join(below)).into_iter().flatten().flatten();
    let of_entry = |entry: fs::DirEntry| {
        let name = below.join(entry.file_name());
        if entry.path().is_dir() { files(root, &name) } else { vec![name] }
    };
    entries.flat_map(of_entry).collect()
}
