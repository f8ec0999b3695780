//! A folder that is held open, and the files in it.
//!
//! No name may hold a `/`, and no link is followed: what is reached is in the folder that was opened, whatever happens to
//! the names above it.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Read as _, Write as _};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fchmod, mkdirat, openat, renameat, statat, unlinkat};
use thiserror::Error;

use crate::owner::{Doubt, Owners};

/// How files begin that are being written.
pub const UNFINISHED: &str = ".new-";
/// How often a name is made up until nobody has it.
const TRIES: usize = 64;

/// A folder is opened to reach what is in it, which needs no right to list it.
#[cfg(target_os = "linux")]
const REACH: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const REACH: OFlags = OFlags::RDONLY;

/// A folder that is held open.
#[derive(Debug)]
pub struct Folder {
    handle: File,
}

/// Who may read what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever may read the file that is there; a new one as everything that this user makes.
    Kept,
    /// Its owner.
    Owner,
}

/// Why a file was not written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// There is a link of this name.
    #[error("it is a link, and links are not followed: name the link's target")]
    Link,
    /// There is something that cannot be replaced by a file.
    #[error("it is not a file")]
    NotAFile,
    /// There is a folder of this name.
    #[error("expected a file, found a directory")]
    Directory,
    /// A folder on the way is a link that leads somewhere else.
    #[error("`{link}` is a link to a place outside {root}")]
    Outside {
        /// The link.
        link: String,
        /// What it leads out of.
        root: String,
    },
    /// The name ends in `..` or `/`.
    #[error("it is not the name of a file")]
    Nameless,
    /// The machine said no.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A file that goes when it did not get its name.
struct Unfinished<'a> {
    folder: &'a Folder,
    name: OsString,
    named: bool,
}

impl Folder {
    /// The folder of a path. Links in the path are followed: whoever named it meant it.
    ///
    /// # Errors
    /// Where there is none.
    pub fn open(path: &Path) -> io::Result<Self> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let handle = rustix::fs::open(path, REACH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Folder { handle: File::from(handle) })
    }

    /// The folder of this name in this one, or `..`.
    ///
    /// # Errors
    /// Where there is none, or a link.
    pub fn enter(&self, name: &OsStr) -> io::Result<Self> {
        let flags = REACH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = openat(&self.handle, single(name)?, flags, Mode::empty())?;
        Ok(Folder { handle: File::from(handle) })
    }

    /// The same, made where there is none.
    ///
    /// # Errors
    /// Where it cannot be made, or where there is something else.
    pub fn enter_or_make(&self, name: &OsStr) -> io::Result<Self> {
        match self.enter(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            entered => return entered,
        }
        match mkdirat(&self.handle, single(name)?, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => self.enter(name),
            Err(error) => Err(error.into()),
        }
    }

    /// What is known of the folder itself.
    ///
    /// # Errors
    /// Where it cannot be looked at.
    pub fn metadata(&self) -> io::Result<Metadata> {
        self.handle.metadata()
    }

    /// Opens a file to read it.
    ///
    /// # Errors
    /// Where there is none, a link, or something that is no plain file.
    pub fn file(&self, name: &OsStr) -> Result<File, Doubt> {
        // Not waiting: a pipe in the place of a file would keep its reader for ever.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = openat(&self.handle, single(name)?, flags, Mode::empty());
        let file = match opened {
            Ok(file) => File::from(file),
            Err(_) if self.kind(name)?.is_some_and(|kind| !kind.is_file()) => return Err(Doubt::NotAFile),
            Err(error) => return Err(Doubt::Io(error.into())),
        };
        if file.metadata()?.is_file() { Ok(file) } else { Err(Doubt::NotAFile) }
    }

    /// The bytes of a file, at most one more than the limit.
    ///
    /// # Errors
    /// As [`Folder::file`].
    pub fn read(&self, name: &OsStr, limit: u64) -> Result<Vec<u8>, Doubt> {
        let mut bytes = Vec::new();
        self.file(name)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Writes a file as a whole: whoever reads at the same time sees the old bytes or the new ones.
    ///
    /// # Errors
    /// [`WriteError`], also where there is a link or anything else but a file; then nothing has changed.
    pub fn write(&self, name: &OsStr, bytes: &[u8], access: Access) -> Result<(), WriteError> {
        self.write_with(name, access, |file| file.write_all(bytes))
    }

    /// The same with bytes that are made on the way.
    ///
    /// # Errors
    /// As [`Folder::write`]; and those of `fill`.
    pub fn write_with(
        &self,
        name: &OsStr,
        access: Access,
        fill: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        let kept = self.replaceable(name)?;
        let mode = match (access, kept) {
            (Access::Kept, None) => 0o666,
            _ => 0o600,
        };
        let (mut unfinished, mut opened) = self.unfinished(mode)?;
        fill(&mut opened)?;
        if let (Access::Kept, Some(mode)) = (access, kept) {
            fchmod(&opened, mode).map_err(io::Error::from)?;
        }
        let to = &self.handle;
        renameat(to, &unfinished.name, to, single(name)?).map_err(io::Error::from)?;
        unfinished.named = true;
        Ok(())
    }

    /// Takes a file away, or a link itself.
    ///
    /// # Errors
    /// Where there is none, or a folder.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(unlinkat(&self.handle, single(name)?, AtFlags::empty())?)
    }

    /// The names of what is in the folder.
    ///
    /// # Errors
    /// Where it may not be listed.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let listed = openat(&self.handle, ".", flags, Mode::empty())?;
        let mut names = Vec::new();
        for entry in Dir::new(listed)? {
            let name = OsString::from_vec(entry?.file_name().to_bytes().to_vec());
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Whether this is a link.
    pub(crate) fn is_link(&self, name: &OsStr) -> io::Result<bool> {
        Ok(self.kind(name)?.is_some_and(FileType::is_symlink))
    }

    fn kind(&self, name: &OsStr) -> io::Result<Option<FileType>> {
        match statat(&self.handle, single(name)?, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(FileType::from_raw_mode(found.st_mode))),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a file may get this name, and the mode of the one that has it. That of somebody else says nothing: it could
    /// open the new file to everybody.
    fn replaceable(&self, name: &OsStr) -> Result<Option<Mode>, WriteError> {
        match self.kind(name)? {
            None => return Ok(None),
            Some(FileType::Symlink) => return Err(WriteError::Link),
            Some(FileType::Directory) => return Err(WriteError::Directory),
            Some(FileType::RegularFile) => {}
            Some(_) => return Err(WriteError::NotAFile),
        }
        let found =
            statat(&self.handle, single(name)?, AtFlags::SYMLINK_NOFOLLOW).map_err(io::Error::from)?;
        let ours = Owners::default().contain(found.st_uid);
        let bits = Mode::RWXU | Mode::RWXG | Mode::RWXO;
        Ok(ours.then(|| Mode::from_raw_mode(found.st_mode) & bits))
    }

    /// A new file of a name that nobody has.
    fn unfinished(&self, mode: u32) -> io::Result<(Unfinished<'_>, File)> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let random = RandomState::new();
        for attempt in 0..TRIES {
            let name = OsString::from(format!("{UNFINISHED}{:016x}", random.hash_one(attempt)));
            match openat(&self.handle, &name, flags, Mode::from_raw_mode(mode)) {
                Ok(file) => return Ok((Unfinished { folder: self, name, named: false }, File::from(file))),
                Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Whether two handles are of the same folder.
    pub(crate) fn is(&self, other: &Folder) -> io::Result<bool> {
        let (one, two) = (self.metadata()?, other.metadata()?);
        Ok((one.dev(), one.ino()) == (two.dev(), two.ino()))
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.named {
            // There is nobody to tell, and the name says what it is.
            let _ = self.folder.remove(&self.name);
        }
    }
}

/// One name: nothing that leads through other folders.
fn single(name: &OsStr) -> io::Result<&OsStr> {
    let bytes = name.as_bytes();
    let one = !bytes.is_empty() && !bytes.contains(&b'/') && !bytes.contains(&0);
    if one { Ok(name) } else { Err(io::ErrorKind::InvalidInput.into()) }
}
