//! Whose a file is, and whether that is enough to believe what is in it. What cannot be told is not believed.
//!
//! Everything is asked of an open file, never of a name: a name may mean another file a moment later.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;

use rustix::process::geteuid;
use thiserror::Error;

/// Root, who could change this program itself.
const ROOT: u32 = 0;
/// Everybody may write.
const EVERYBODY_WRITES: u32 = 0o002;
/// Somebody else may do anything.
const OTHERS: u32 = 0o077;

/// The users whose files are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owners {
    /// `None`: everybody's.
    users: Option<Vec<u32>>,
}

/// Why a file or a folder is not believed.
#[derive(Debug, Error)]
pub enum Doubt {
    /// Of a user who is not among those that are believed.
    #[error("it belongs to another user")]
    Owner,
    /// Its owner is not the only one who may use it.
    #[error("other users have access (mode {0:03o}); only its owner should")]
    Others(u32),
    /// Whoever is on this machine may change it.
    #[error("every user may write it (mode {0:03o})")]
    Everybody(u32),
    /// The same file under another name, where others may have it open.
    #[error("it has another hard link")]
    Linked,
    /// A link, or anything but a folder.
    #[error("it is not a directory")]
    NotADirectory,
    /// A link, a folder, or nothing that can be read to its end.
    #[error("it is not a file")]
    NotAFile,
    /// A folder above it, through which somebody else could exchange it.
    #[error("{folder} is above it, and {problem}")]
    Above {
        /// Which.
        folder: String,
        /// What is wrong with that one.
        problem: Box<Doubt>,
    },
    /// It cannot be looked at.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Default for Owners {
    /// This user, and root.
    fn default() -> Self {
        Owners { users: Some(vec![geteuid().as_raw(), ROOT]) }
    }
}

impl Owners {
    /// Everybody: for a folder of which the user said that it is safe.
    pub fn everybody() -> Self {
        Owners { users: None }
    }

    /// One more. Ignored unless this is root: who began as another user with `sudo` is still that user, too.
    #[must_use]
    pub fn and_before_sudo(mut self, user: u32) -> Self {
        if let Some(users) = self.users.as_mut().filter(|_| geteuid().is_root()) {
            users.push(user);
        }
        self
    }

    /// Whether files of a user are believed.
    pub fn contain(&self, user: u32) -> bool {
        self.users.as_ref().is_none_or(|users| users.contains(&user))
    }

    /// Whether what is in this file or folder is believed: of one of these users, and nothing that everybody may change.
    ///
    /// # Errors
    /// [`Doubt`], where it is not.
    pub fn check(&self, metadata: &Metadata) -> Result<(), Doubt> {
        self.check_owner(metadata)?;
        let mode = metadata.mode() & 0o777;
        if self.users.is_some() && mode & EVERYBODY_WRITES != 0 && !metadata.is_symlink() {
            return Err(Doubt::Everybody(mode));
        }
        Ok(())
    }

    /// Whether it is of one of these users.
    ///
    /// # Errors
    /// [`Doubt::Owner`], where it is not.
    pub fn check_owner(&self, metadata: &Metadata) -> Result<(), Doubt> {
        if self.contain(metadata.uid()) { Ok(()) } else { Err(Doubt::Owner) }
    }
}

/// Whether this user alone may use it.
pub(crate) fn is_own(metadata: &Metadata) -> Result<(), Doubt> {
    let mode = metadata.mode() & 0o777;
    if metadata.uid() != geteuid().as_raw() {
        return Err(Doubt::Owner);
    }
    if mode & OTHERS != 0 { Err(Doubt::Others(mode)) } else { Ok(()) }
}

/// Whether an open file is a plain one of this user alone, under one name.
///
/// # Errors
/// [`Doubt`], where it is not.
pub fn is_private_file(file: &File) -> Result<(), Doubt> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(Doubt::NotAFile);
    }
    is_own(&metadata)?;
    // A file that was taken away meanwhile has none.
    if metadata.nlink() > 1 { Err(Doubt::Linked) } else { Ok(()) }
}
