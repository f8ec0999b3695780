//! The repository that a command is typed in: where its policies are, and whether they are this user's.
//!
//! Whoever may make a folder above the working directory, as anybody may in `/tmp`, could else say which policies are asked
//! there, or hide them by a `.git` of his own. As with git, files of this user are believed, and with `sudo` those of
//! whoever typed it; unlike git those of root, too, who could change this program itself. Knows nothing of what policies say.

use std::fs;
use std::path::{Path, PathBuf};

use egress_files::{Doubt, Owners, reading};

use super::layers::CONFIGURATION;
use super::undecided;
use crate::exit::Failure;
use crate::files;

/// The folder of a repository's policies.
pub const FOLDER: &str = ".egress";
/// What makes a folder the root of a repository.
const MARKER: &str = ".git";
/// The variable that names folders in which whatever is there is believed.
pub const SAFE: &str = "KUBECTL_EGRESS_SAFE_DIRECTORIES";

/// The nearest configuration from a folder up to the root of its repository. Outside of a repository only the folder itself
/// is looked at: what lies above it may be anybody's.
///
/// # Errors
/// Where somebody else could have put it there, or has put something there that hides or shows it.
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
/// Where the repository is somebody else's.
pub fn new_configuration(working: &Path, owners: &Owners) -> Result<PathBuf, Failure> {
    if let Some(root) = marked(working) {
        check_root(root, owners).map_err(|doubt| refused(&doubt))?;
    }
    Ok(root(working).join(FOLDER).join(CONFIGURATION))
}

/// Whether a file that the command line names is a repository's configuration: by any way that leads to it.
pub fn is_configuration(file: &Path, working: &Path) -> bool {
    let inside = Path::new(FOLDER).join(CONFIGURATION);
    let real = file.canonicalize().ok();
    let is_of = |folder: &Path| folder.join(&inside).canonicalize().ok() == real;
    file.ends_with(&inside)
        || real.as_ref().is_some_and(|real| real.ends_with(&inside) || working.ancestors().any(is_of))
}

/// The root of the repository that a folder is in; outside of one the folder itself.
pub fn root(working: &Path) -> &Path {
    marked(working).unwrap_or(working)
}

/// The root of the repository that a folder is in.
pub fn marked(working: &Path) -> Option<&Path> {
    working.ancestors().find(|folder| files::is_there(&folder.join(MARKER)))
}

/// What to do about a file that is not believed.
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
    // Also of where it leads, if it is a link.
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
    // Of a link itself: who may exchange it says where it leads.
    let metadata = fs::symlink_metadata(path).map_err(Doubt::from);
    let checked = metadata.and_then(|metadata| owners.check_owner(&metadata));
    checked.map_err(|doubt| Suspect { path: path.to_owned(), doubt })
}

#[cfg(test)]
mod tests;
