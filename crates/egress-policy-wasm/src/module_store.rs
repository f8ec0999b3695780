//! Modules that were fetched, by their digest.
//!
//! A module that is here needs no network. The folder is this user's alone, and every module is hashed when it is read;
//! what does not have its digest is thrown away. Knows nothing of where modules come from.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use egress_core::digest::is_digest;
use egress_files::{Access, Doubt, Folder};
use thiserror::Error;

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
    problem: Doubt,
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
        if !is_digest(wanted) {
            return Ok(Kept::Missing);
        }
        let name = name(wanted);
        let failed = |problem: Doubt| StoreError { path: self.directory.join(&name), problem };
        let Some(folder) = Folder::private_if_there(&self.directory).map_err(failed)? else {
            return Ok(Kept::Missing);
        };
        let bytes = match folder.read(&name, self.largest as u64) {
            Ok(bytes) => bytes,
            Err(Doubt::Io(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::Missing),
            // A link or a pipe: nothing that this program has put there.
            Err(Doubt::NotAFile) => Vec::new(),
            Err(problem) => return Err(failed(problem)),
        };
        if bytes.len() <= self.largest && digest(&bytes) == wanted {
            return Ok(Kept::Whole(bytes));
        }
        match folder.remove(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error.into())),
            _ => Ok(Kept::Damaged),
        }
    }

    /// Keeps a module and says its digest. Whoever reads at the same time sees all of it or nothing.
    ///
    /// # Errors
    /// Where the folder or the file cannot be made.
    pub fn keep(&self, bytes: &[u8]) -> Result<String, StoreError> {
        let wanted = digest(bytes);
        let name = name(&wanted);
        let folder = Folder::private(&self.directory);
        let written = folder.and_then(|folder| {
            folder.write(&name, bytes, Access::Owner).map_err(|error| Doubt::Io(io::Error::other(error)))
        });
        match written {
            Ok(()) => Ok(wanted),
            Err(problem) => Err(StoreError { path: self.directory.join(name), problem }),
        }
    }
}

/// `sha256-…`: a colon is no part of a file name everywhere.
fn name(digest: &str) -> OsString {
    digest.replace(':', "-").into()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;

    use super::*;

    fn store(folder: &tempfile::TempDir) -> ModuleStore {
        ModuleStore::at(folder.path().join("policy").join("wasm"), 100)
    }

    fn path(folder: &tempfile::TempDir, digest: &str) -> PathBuf {
        folder.path().join("policy/wasm").join(name(digest))
    }

    #[test]
    fn a_kept_module_is_read_again_and_is_the_users_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let digest = store.keep(b"module").unwrap();
        assert_eq!(store.read(&digest).unwrap(), Kept::Whole(b"module".to_vec()));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder.path().join("policy/wasm")), 0o700);
        assert_eq!(mode(&path(&folder, &digest)), 0o600);
    }

    #[test]
    fn a_damaged_module_is_thrown_away_and_not_handed_out() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let digest = store.keep(b"module").unwrap();
        fs::write(path(&folder, &digest), b"another").unwrap();
        assert_eq!(store.read(&digest).unwrap(), Kept::Damaged);
        assert_eq!(store.read(&digest).unwrap(), Kept::Missing);
    }

    #[test]
    fn a_link_is_not_read_and_what_it_leads_to_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let digest = store.keep(b"module").unwrap();
        let (elsewhere, kept) = (folder.path().join("elsewhere"), path(&folder, &digest));
        fs::rename(&kept, &elsewhere).unwrap();
        symlink(&elsewhere, &kept).unwrap();
        assert_eq!(store.read(&digest).unwrap(), Kept::Damaged);
        assert_eq!(fs::read(elsewhere).unwrap(), b"module");
    }

    #[test]
    fn a_folder_that_others_may_enter_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(&folder);
        let digest = store.keep(b"module").unwrap();
        fs::set_permissions(folder.path().join("policy/wasm"), fs::Permissions::from_mode(0o777)).unwrap();
        store.read(&digest).unwrap_err();
        store.keep(b"other").unwrap_err();
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
