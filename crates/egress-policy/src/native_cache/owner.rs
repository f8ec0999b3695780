//! Whether a file or directory belongs to this user alone. What cannot be told, cannot be trusted.

use std::io;
use std::path::Path;

/// Makes a directory, and those above it, that only this user may enter.
#[cfg(unix)]
pub(super) fn create_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Whether it is a directory of this user that nobody else may enter.
#[cfg(unix)]
pub(super) fn check_directory(path: &Path) -> Result<(), String> {
    let metadata = own(path)?;
    if metadata.is_dir() { Ok(()) } else { Err("it is not a directory".to_owned()) }
}

/// Whether it is a file of this user that nobody else may read or write.
#[cfg(unix)]
pub(super) fn check_file(path: &Path) -> Result<(), String> {
    let metadata = own(path)?;
    if metadata.is_file() { Ok(()) } else { Err("it is not a file".to_owned()) }
}

#[cfg(unix)]
fn own(path: &Path) -> Result<std::fs::Metadata, String> {
    use std::os::unix::fs::MetadataExt;
    // Of a link itself, not of what it leads to.
    let metadata = std::fs::symlink_metadata(path).map_err(|error| error.to_string())?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err("it belongs to another user".to_owned());
    }
    let mode = metadata.mode() & 0o777;
    if !metadata.is_symlink() && mode & 0o077 != 0 {
        return Err(format!("others may use it (mode {mode:03o}); only its owner should"));
    }
    Ok(metadata)
}

/// Elsewhere there is no such check, and so no cache: every run makes its native code itself.
#[cfg(not(unix))]
pub(super) fn create_directory(_path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(unix))]
pub(super) fn check_directory(_path: &Path) -> Result<(), String> {
    Err("nobody can tell whose it is".to_owned())
}

#[cfg(not(unix))]
pub(super) fn check_file(_path: &Path) -> Result<(), String> {
    Err("nobody can tell whose it is".to_owned())
}
