//! Folders that belong to this user alone, up to the root: nobody else can put anything into one, or exchange it.

use std::ffi::OsStr;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use rustix::process::getegid;

use crate::folder::Folder;
use crate::owner::{Doubt, Owners, is_own};

/// Whoever owns a thing in such a folder, and nobody else, may take it away: `/tmp`.
const STICKY: u32 = 0o1000;

impl Folder {
    /// A folder of this user alone, made where there is none, as those above it are.
    ///
    /// # Errors
    /// [`Doubt`], where it is somebody else's, or where somebody else could exchange it.
    pub fn private(path: &Path) -> Result<Self, Doubt> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        Self::private_if_there(path)?.ok_or_else(|| Doubt::Io(io::ErrorKind::NotFound.into()))
    }

    /// The same, where there is one.
    ///
    /// # Errors
    /// As [`Folder::private`].
    pub fn private_if_there(path: &Path) -> Result<Option<Self>, Doubt> {
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(Doubt::NotADirectory);
        };
        let above = match Folder::open(above) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let folder = match above.enter(name) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(_) if above.is_link(name)? => return Err(Doubt::NotADirectory),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Err(Doubt::NotADirectory),
            Err(error) => return Err(error.into()),
        };
        is_own(&folder.metadata()?)?;
        folder.nobody_above(path)?;
        Ok(Some(folder))
    }

    /// Whether nobody but this user and root can exchange a folder above this one. Goes up from the open folder: whatever
    /// its path means now, these are the ones that it is in.
    fn nobody_above(&self, path: &Path) -> Result<(), Doubt> {
        let believed = Owners::default();
        let mut folder = self.enter(OsStr::new("."))?;
        for level in 1.. {
            let above = folder.enter(OsStr::new(".."))?;
            if above.is(&folder)? {
                break;
            }
            let metadata = above.metadata()?;
            let mode = metadata.mode() & 0o7777;
            // The group of this process is that of this user alone on most machines, and of root for users without a name.
            let by_group = mode & 0o020 != 0 && metadata.gid() != getegid().as_raw();
            let by_others = mode & 0o002 != 0;
            let problem = match () {
                () if !believed.contain(metadata.uid()) => Some(Doubt::Owner),
                () if (by_group || by_others) && mode & STICKY == 0 => Some(Doubt::Others(mode & 0o777)),
                () => None,
            };
            if let Some(problem) = problem {
                return Err(Doubt::Above { folder: name_of(path, level), problem: Box::new(problem) });
            }
            folder = above;
        }
        Ok(())
    }
}

/// What the folder so many levels above is called.
fn name_of(path: &Path, level: usize) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    path.ancestors().nth(level).unwrap_or(&path).display().to_string()
}
