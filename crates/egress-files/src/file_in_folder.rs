//! Where a named file is, or will be: its folder, held open, and its name in it.
//!
//! A repository is written by strangers. What is meant to be inside of one stays inside, whatever links it has.

use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use crate::folder::{Folder, WriteError};

/// As many links in one path as Linux follows.
const LINKS: usize = 40;

/// A file of an open folder. It may not exist yet.
#[derive(Debug)]
pub struct FileInFolder {
    /// Its folder.
    pub folder: Folder,
    /// Its name.
    pub name: OsString,
}

impl FileInFolder {
    /// The file of an absolute path whose folder is there. What is written below `root` stays there; without a root, and
    /// outside of it, links are followed as whoever typed the path wants.
    ///
    /// # Errors
    /// [`WriteError`], where a link leads out of the root, or where there is no such folder.
    pub fn find(path: &Path, root: Option<&Path>) -> Result<Self, WriteError> {
        Self::of(path, root, false)
    }

    /// The same, with its folders made where they are missing.
    ///
    /// # Errors
    /// As [`FileInFolder::find`]; and where a folder cannot be made.
    pub fn make(path: &Path, root: Option<&Path>) -> Result<Self, WriteError> {
        Self::of(path, root, true)
    }

    fn of(path: &Path, root: Option<&Path>, make: bool) -> Result<Self, WriteError> {
        let name = path.file_name().ok_or(WriteError::Nameless)?.to_owned();
        let parent = path.parent().unwrap_or(Path::new("/"));
        let inside = root.and_then(|root| Some((root, plain(parent)?.strip_prefix(root).ok()?.to_owned())));
        let folder = if let Some((root, way)) = inside {
            below(root, &way, make)?
        } else {
            if make {
                fs::create_dir_all(parent)?;
            }
            Folder::open(parent)?
        };
        Ok(FileInFolder { folder, name })
    }
}

/// A path without `.` and `..`, by its words alone. `None`: it is not absolute.
fn plain(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain.is_absolute().then_some(plain)
}

/// The folder below a root: one step after the other, each from the folder that the one before has opened.
fn below(root: &Path, way: &Path, make: bool) -> Result<Folder, WriteError> {
    let root = root.canonicalize()?;
    let mut way = way.to_owned();
    for _ in 0..LINKS {
        match walk(&root, &way, make)? {
            Ok(folder) => return Ok(folder),
            Err(resolved) => way = resolved,
        }
    }
    Err(WriteError::Io(io::Error::other("too many links")))
}

/// Walks to the folder; `Err` of the inner result: where a link on the way leads within the root, to walk there instead.
fn walk(root: &Path, way: &Path, make: bool) -> Result<Result<Folder, PathBuf>, WriteError> {
    let mut folder = Folder::open(root)?;
    let steps: Vec<&OsStr> = way.iter().collect();
    for (index, step) in steps.iter().enumerate() {
        let next = if make { folder.enter_or_make(step) } else { folder.enter(step) };
        let is_link = next.is_err() && folder.is_link(step)?;
        folder = match next {
            Ok(next) => next,
            Err(_) if is_link => {
                let link = root.join(steps[..=index].iter().collect::<PathBuf>());
                return follow(root, &link, &steps[index + 1..]).map(Err);
            }
            Err(error) => return Err(error.into()),
        };
    }
    Ok(Ok(folder))
}

fn follow(root: &Path, link: &Path, rest: &[&OsStr]) -> Result<PathBuf, WriteError> {
    let outside =
        || WriteError::Outside { link: link.display().to_string(), root: root.display().to_string() };
    let target = link.canonicalize().map_err(|_| outside())?;
    let inside = target.strip_prefix(root).map_err(|_| outside())?;
    Ok(inside.iter().chain(rest.iter().copied()).collect())
}
