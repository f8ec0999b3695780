//! Native code that was made before, in a directory that belongs to the user alone.
//!
//! A file is named after what it was made of, by what, and after its own digest: a damaged one is not found again. What
//! another user owns, may write, or has put there as a link is not looked at. The directory is held open, a file is opened
//! once, and the bytes that are handed out are those that were checked: no name is believed twice. Any doubt means: make
//! it again.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use egress_core::digest::sha256;
use egress_files::folder::UNFINISHED;
use egress_files::owner::is_private_file;
use egress_files::{Access, Folder};

use crate::error::ModuleError;

/// Bytes of all files together; beyond, those go that were not used for the longest time.
const CAPACITY: u64 = 512 << 20;
/// Changes with every setting of the engine that changes the code, in `engine::configuration`.
const SETTINGS: u32 = 1;
/// How the files end.
const EXTENSION: &str = ".cwasm";
/// Bytes of one file; the compiler makes no more.
const LARGEST: u64 = 512 << 20;
/// After so long nobody is writing any more.
const ABANDONED: Duration = Duration::from_hours(1);

/// The user's native code.
#[derive(Clone, Debug)]
pub struct NativeCache {
    folder: Arc<Folder>,
    capacity: u64,
}

impl NativeCache {
    /// Opens the directory, and makes it where there is none. Fails where it is not the user's own, or where another user
    /// could exchange it.
    pub fn open(directory: PathBuf) -> Result<Self, ModuleError> {
        let folder = match Folder::private(&directory) {
            Ok(folder) => Arc::new(folder),
            Err(doubt) => return Err(ModuleError::File { path: directory, problem: doubt.to_string() }),
        };
        Ok(Self { folder, capacity: CAPACITY })
    }

    /// The same directory with room for so many bytes.
    #[must_use]
    pub fn with_capacity(self, capacity: u64) -> Self {
        Self { capacity, ..self }
    }

    /// The native code of a module, if there is some that can be trusted.
    pub(crate) fn find(&self, module: &str) -> Option<Vec<u8>> {
        let prefix = prefix(module);
        let name = self.names(|name| name.starts_with(&prefix)).ok()?.into_iter().next()?;
        let code = self.whole(&name, &prefix);
        if code.is_none() {
            let _ = self.folder.remove(&name);
        }
        code
    }

    /// Keeps native code for a module.
    pub(crate) fn store(&self, module: &str, code: &[u8]) -> io::Result<()> {
        let name = OsString::from(format!("{}{}{EXTENSION}", prefix(module), digest(code)));
        // What is there already, of whatever kind, was refused.
        let _ = self.folder.remove(&name);
        self.folder.write(&name, code, Access::Owner).map_err(io::Error::other)?;
        self.make_room(&name)
    }

    /// Forgets the code of a module that the engine refuses.
    pub(crate) fn discard(&self, module: &str) {
        let prefix = prefix(module);
        for name in self.names(|name| name.starts_with(&prefix)).unwrap_or_default() {
            let _ = self.folder.remove(&name);
        }
    }

    /// The content of a file, if it is this user's alone and what it is named after.
    fn whole(&self, name: &OsStr, prefix: &str) -> Option<Vec<u8>> {
        let file = self.folder.file(name).ok()?;
        is_private_file(&file).ok()?;
        let mut code = Vec::new();
        (&file).take(LARGEST + 1).read_to_end(&mut code).ok()?;
        let expected = name.to_str()?.strip_prefix(prefix)?.strip_suffix(EXTENSION)?;
        if expected != digest(&code) {
            return None;
        }
        // The time of its last use decides which file goes when there is no more room.
        let _ = file.set_modified(SystemTime::now());
        Some(code)
    }

    fn make_room(&self, kept: &OsStr) -> io::Result<()> {
        let mut files = self.files(|name| name.ends_with(EXTENSION))?;
        files.sort_by_key(|file| file.used);
        let mut total: u64 = files.iter().map(|file| file.size).sum();
        for file in files.iter().filter(|file| file.name != kept) {
            if total <= self.capacity {
                break;
            }
            self.folder.remove(&file.name)?;
            total -= file.size;
        }
        // What a run left behind that was ended in the middle.
        let unfinished = self.files(|name| name.starts_with(UNFINISHED))?;
        let abandoned = |file: &&CachedModule| file.used.elapsed().is_ok_and(|age| age > ABANDONED);
        unfinished.iter().filter(abandoned).try_for_each(|file| self.folder.remove(&file.name))
    }

    fn names(&self, wanted: impl Fn(&str) -> bool) -> io::Result<Vec<OsString>> {
        let names = self.folder.names()?.into_iter();
        Ok(names.filter(|name| name.to_str().is_some_and(&wanted)).collect())
    }

    /// The plain files of such names.
    fn files(&self, wanted: impl Fn(&str) -> bool) -> io::Result<Vec<CachedModule>> {
        let mut files = Vec::new();
        for name in self.names(wanted)? {
            // Another run may have taken it away meanwhile.
            let Ok(metadata) = self.folder.file(&name).map(|file: File| file.metadata()) else { continue };
            let metadata = metadata?;
            files.push(CachedModule { size: metadata.len(), used: metadata.modified()?, name });
        }
        Ok(files)
    }
}

/// A file of the cache.
struct CachedModule {
    name: OsString,
    size: u64,
    used: SystemTime,
}

/// How the files of a module begin: the engine and its settings, then the module.
fn prefix(module: &str) -> String {
    let mut engine = DefaultHasher::new();
    SETTINGS.hash(&mut engine);
    // The version of the engine to its last number: a corrected compiler makes all code again.
    wasmtime::ModuleVersionStrategy::WasmtimeVersion.hash(&mut engine);
    (std::env::consts::ARCH, std::env::consts::OS).hash(&mut engine);
    format!("{:016x}-{}-", engine.finish(), module.trim_start_matches("sha256:"))
}

/// The digest that a file of this content is named after.
pub fn digest(code: &[u8]) -> String {
    sha256(code)
}
