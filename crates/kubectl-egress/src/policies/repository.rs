//! Finds the policies of the repository of the working directory, and checks that they belong to this user.
//!
//! A user who can create a folder above the working directory, as anybody can in `/tmp`, could otherwise set the
//! policies there, or hide them with a `.git`. As with git, files of this user are trusted, and with `sudo` those of
//! the user who typed it; unlike git, those of root, too, since root could change this program itself. Does not read
//! policies.

use std::fs;
use std::path::{Path, PathBuf};

use egress_files::{Doubt, Owners, reading};

use super::file_names::CONFIGURATION;
use super::undecided::undecided;
use crate::exit::Failure;
use crate::files;
use crate::settings::policies::SAFE;

/// The folder of a repository's policies.
pub const FOLDER: &str = ".egress";
/// The entry that marks the root of a repository.
const MARKER: &str = ".git";

/// The nearest configuration from a folder up to the root of its repository. Outside a repository, only the folder
/// itself counts: folders above it may belong to anybody.
///
/// # Errors
/// If another user could have created it, or has created a file that hides or reveals it.
pub fn configuration(working: &Path, owners: &Owners) -> Result<Option<PathBuf>, Failure> {
    let of = |folder: &Path| folder.join(FOLDER).join(CONFIGURATION);
    let root = marked(working);
    if let Some(doubt) = root.and_then(|root| check_root(root, owners).err())
        && working.ancestors().any(|folder| files::is_there(&of(folder)))
    {
        return Err(refused(&doubt));
    }
    let root = root.unwrap_or(working);
    let mut inside = working.ancestors().take_while(|folder| folder.starts_with(root));
    let Some(folder) = inside.find(|folder| files::is_there(&of(folder))) else { return Ok(None) };
    check(folder, owners).map_err(|doubt| refused(&doubt))?;
    Ok(Some(of(folder)))
}

/// Where a configuration of this repository would be.
///
/// # Errors
/// If the repository belongs to another user.
pub fn new_configuration(working: &Path, owners: &Owners) -> Result<PathBuf, Failure> {
    if let Some(root) = marked(working) {
        check_root(root, owners).map_err(|doubt| refused(&doubt))?;
    }
    Ok(root(working).join(FOLDER).join(CONFIGURATION))
}

/// Whether a file that the command line names is a repository's configuration, by any path to it.
pub fn is_configuration(file: &Path, working: &Path) -> bool {
    let inside = Path::new(FOLDER).join(CONFIGURATION);
    let real = file.canonicalize().ok();
    let is_of = |folder: &Path| folder.join(&inside).canonicalize().ok() == real;
    file.ends_with(&inside)
        || real.as_ref().is_some_and(|real| real.ends_with(&inside) || working.ancestors().any(is_of))
}

/// The root of a folder's repository; outside a repository, the folder itself.
pub fn root(working: &Path) -> &Path {
    marked(working).unwrap_or(working)
}

/// The root of a folder's repository.
pub fn marked(working: &Path) -> Option<&Path> {
    working.ancestors().find(|folder| files::is_there(&folder.join(MARKER)))
}

/// The hint for a file that is not trusted.
pub(super) fn hint(doubt: &Doubt) -> Option<String> {
    let trusting = format!("`export {SAFE}=\"$PWD\"`");
    match doubt {
        Doubt::Owner => Some(format!("work in your own checkout; if you trust its owner: {trusting}")),
        Doubt::Everybody(_) => Some(format!(
            "remove that permission from others: `chmod o-w FILE`; if there are no other users here: {trusting}"
        )),
        _ => None,
    }
}

/// A file or folder, and what is wrong with it.
struct Suspect {
    path: PathBuf,
    doubt: Doubt,
}

fn refused(Suspect { path, doubt }: &Suspect) -> Failure {
    let (shown, problem) = (path.display(), files::doubtful(doubt));
    undecided(format!("{shown} sets the policies here, but {problem}"), hint(doubt))
}

/// A root: the folder and its marker.
fn check_root(root: &Path, owners: &Owners) -> Result<(), Suspect> {
    check_owner(&root.join(MARKER), owners)?;
    check_owner(root, owners)
}

/// A configuration: the folder it is for, the folder it is in, and the file.
fn check(folder: &Path, owners: &Owners) -> Result<(), Suspect> {
    check_owner(folder, owners)?;
    let inner = folder.join(FOLDER);
    check_owner(&inner, owners)?;
    let suspect = |path: &Path| {
        let path = path.to_owned();
        move |doubt| Suspect { path, doubt }
    };
    // If it is a link, check its target, too.
    let metadata = fs::metadata(&inner).map_err(Doubt::from);
    metadata.and_then(|metadata| owners.check(&metadata)).map_err(suspect(&inner))?;
    let file = inner.join(CONFIGURATION);
    match reading::believed(&file, owners) {
        // The reader of the file reports the error.
        Ok(_) | Err(Doubt::Io(_) | Doubt::NotAFile) => Ok(()),
        Err(doubt) => Err(suspect(&file)(doubt)),
    }
}

fn check_owner(path: &Path, owners: &Owners) -> Result<(), Suspect> {
    // Check the link itself: a user who can replace it chooses its target.
    let metadata = fs::symlink_metadata(path).map_err(Doubt::from);
    let checked = metadata.and_then(|metadata| owners.check_owner(&metadata));
    checked.map_err(|doubt| Suspect { path: path.to_owned(), doubt })
}

#[cfg(test)]
mod tests;
