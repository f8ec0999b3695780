//! Modules that were fetched, by their digest.
//!
//! A module that is here needs no network. Every one is hashed when it is read, so that nothing hangs on who could write
//! to the folder; what does not have its digest is thrown away. Knows nothing of where modules come from.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::digest::is_digest;
use crate::inspect::digest;

/// A folder of modules.
#[derive(Clone, Debug)]
pub struct ModuleStore {
    directory: PathBuf,
    largest: usize,
}

/// What the store has for a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// The module.
    Whole(Vec<u8>),
    /// Something else under that name; it was thrown away.
    Damaged,
    /// Nothing.
    Missing,
}

/// Why the store cannot be used.
#[derive(Debug, Error)]
#[error("{}: {problem}", path.display())]
pub struct StoreError {
    path: PathBuf,
    #[source]
    problem: io::Error,
}

impl ModuleStore {
    /// The store in this folder, which is made when the first module is kept. No module is larger than `largest` bytes.
    pub fn at(directory: PathBuf, largest: usize) -> Self {
        ModuleStore { directory, largest }
    }

    /// The module of this digest.
    ///
    /// # Errors
    /// Where there is a file that cannot be read or thrown away.
    pub fn read(&self, wanted: &str) -> Result<Kept, StoreError> {
        let Some(path) = self.path(wanted) else { return Ok(Kept::Missing) };
        let mut bytes = Vec::new();
        let read =
            File::open(&path).and_then(|file| file.take(self.largest as u64 + 1).read_to_end(&mut bytes));
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Kept::Missing),
            Err(problem) => Err(StoreError { path, problem }),
            Ok(_) if bytes.len() <= self.largest && digest(&bytes) == wanted => Ok(Kept::Whole(bytes)),
            Ok(_) => match fs::remove_file(&path) {
                Err(problem) if problem.kind() != io::ErrorKind::NotFound => {
                    Err(StoreError { path, problem })
                }
                _ => Ok(Kept::Damaged),
            },
        }
    }

    /// Keeps a module and says its digest. Whoever reads at the same time sees all of it or nothing.
    ///
    /// # Errors
    /// Where the folder or the file cannot be made.
    pub fn keep(&self, bytes: &[u8]) -> Result<String, StoreError> {
        let wanted = digest(bytes);
        let path = self.directory.join(name(&wanted));
        let written = self.write(&path, bytes);
        written.map(|()| wanted).map_err(|problem| StoreError { path, problem })
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)?;
        // A temporary file is readable by its owner only, and stays so under its new name.
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        file.write_all(bytes)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }

    fn path(&self, wanted: &str) -> Option<PathBuf> {
        is_digest(wanted).then(|| self.directory.join(name(wanted)))
    }
}

/// `sha256-…`: a colon is no part of a file name everywhere.
fn name(digest: &str) -> String {
    digest.replace(':', "-")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn store(folder: &tempfile::TempDir) -> ModuleStore {
        ModuleStore::at(folder.path().join("policy").join("wasm"), 100)
    }

    #[test]
    fn a_kept_module_is_read_again_and_is_the_users_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let digest = store.keep(b"module").unwrap();
        assert_eq!(store.read(&digest).unwrap(), Kept::Whole(b"module".to_vec()));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("policy/wasm")), 0o700);
        assert_eq!(mode(&store.path(&digest).unwrap()), 0o600);
    }

    #[test]
    fn a_damaged_module_is_thrown_away_and_not_handed_out() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let digest = store.keep(b"module").unwrap();
        fs::write(store.path(&digest).unwrap(), b"another").unwrap();
        assert_eq!(store.read(&digest).unwrap(), Kept::Damaged);
        assert_eq!(store.read(&digest).unwrap(), Kept::Missing);
    }

    #[test]
    fn a_module_that_is_too_large_is_not_read_whole() {
        let folder = tempfile::tempdir().unwrap();
        let digest = store(&folder).keep(&[0; 101]).unwrap();
        assert_eq!(store(&folder).read(&digest).unwrap(), Kept::Damaged);
    }

    #[test]
    fn what_is_no_digest_is_not_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("secret"), b"secret").unwrap();
        assert_eq!(store(&folder).read("../../secret").unwrap(), Kept::Missing);
    }
}
