//! Files that are named by a path, opened to be read: plain ones only, and nobody is kept waiting.
//!
//! Links are followed here: whoever keeps a file elsewhere may. What counts is whose file it is in the end.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::owner::{Doubt, Owners};

/// Opens a plain file.
///
/// # Errors
/// [`Doubt`], where there is none, or something else: a pipe would keep its reader for ever.
pub fn plain(path: &Path) -> Result<File, Doubt> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let opened = rustix::fs::open(path, flags, Mode::empty());
    let file = File::from(opened.map_err(io::Error::from)?);
    if file.metadata()?.is_file() { Ok(file) } else { Err(Doubt::NotAFile) }
}

/// Opens a plain file of these users. A link to it must be theirs as well.
///
/// # Errors
/// [`Doubt`], where it is not believed.
pub fn believed(path: &Path, owners: &Owners) -> Result<File, Doubt> {
    let named = fs::symlink_metadata(path)?;
    if named.is_symlink() {
        owners.check(&named)?;
    }
    let file = plain(path)?;
    owners.check(&file.metadata()?)?;
    Ok(file)
}
