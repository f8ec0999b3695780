//! Native code that was made before, in a directory that belongs to the user alone.
//!
//! A file is named after what it was made of, by what, and after its own digest: a damaged one is not found again. What
//! another user owns, may write, or has put there as a link is not looked at. Any doubt means: make it again.

mod owner;

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

use crate::error::ModuleError;
use crate::inspect::hexadecimal;

/// Bytes of all files together; beyond, those go that were not used for the longest time.
const CAPACITY: u64 = 512 << 20;
/// Changes with every setting of the engine that changes the code, in `engine::configuration`.
const SETTINGS: u32 = 1;
/// How the files end.
const EXTENSION: &str = ".cwasm";

/// How files begin that are being written.
const UNFINISHED: &str = ".new-";
/// After so long nobody is writing any more.
const ABANDONED: Duration = Duration::from_hours(1);

/// The user's native code.
#[derive(Clone, Debug)]
pub struct NativeCache {
    directory: PathBuf,
    capacity: u64,
}

impl NativeCache {
    /// Opens the directory, and makes it where there is none. Fails where it is not the user's own.
    pub fn open(directory: PathBuf) -> Result<Self, ModuleError> {
        let failed = |error: io::Error| ModuleError::file(&directory, &error);
        if !directory.exists() {
            owner::create_directory(&directory).map_err(failed)?;
        }
        if let Err(problem) = owner::check_directory(&directory) {
            return Err(ModuleError::File { path: directory, problem });
        }
        Ok(Self { directory, capacity: CAPACITY })
    }

    /// The same directory with room for so many bytes.
    #[must_use]
    pub fn with_capacity(self, capacity: u64) -> Self {
        Self { capacity, ..self }
    }

    /// The file for a module, if there is one that can be trusted.
    pub(crate) fn find(&self, module: &str) -> Option<PathBuf> {
        let prefix = prefix(module);
        let path = self.files(|name| name.starts_with(&prefix)).ok()?.into_iter().next()?.path;
        if owner::check_file(&path).is_ok() && is_whole(&path, &prefix) {
            // The time of its last use decides which file goes when there is no more room.
            let _ = File::open(&path).and_then(|file| file.set_modified(SystemTime::now()));
            return Some(path);
        }
        let _ = fs::remove_file(&path);
        None
    }

    /// Keeps native code for a module.
    pub(crate) fn store(&self, module: &str, code: &[u8]) -> io::Result<PathBuf> {
        let path = self.directory.join(format!("{}{}{EXTENSION}", prefix(module), digest(code)));
        // Created with 0600; a name that is there already is replaced as a whole.
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.directory)?;
        file.write_all(code)?;
        file.persist(&path).map_err(|error| error.error)?;
        self.make_room(&path)?;
        Ok(path)
    }

    /// Forgets a file that the engine refuses.
    pub(crate) fn discard(path: &Path) {
        let _ = fs::remove_file(path);
    }

    fn make_room(&self, kept: &Path) -> io::Result<()> {
        let mut files = self.files(|name| name.ends_with(EXTENSION))?;
        files.sort_by_key(|file| file.used);
        let mut total: u64 = files.iter().map(|file| file.size).sum();
        for file in files.iter().filter(|file| file.path != kept) {
            if total <= self.capacity {
                break;
            }
            fs::remove_file(&file.path)?;
            total -= file.size;
        }
        // What a run left behind that was ended in the middle.
        let unfinished = self.files(|name| name.starts_with(UNFINISHED))?;
        let abandoned = |file: &&Entry| file.used.elapsed().is_ok_and(|age| age > ABANDONED);
        unfinished.iter().filter(abandoned).try_for_each(|file| fs::remove_file(&file.path))
    }

    /// The files of such names.
    fn files(&self, wanted: impl Fn(&str) -> bool) -> io::Result<Vec<Entry>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            if !entry.file_name().to_str().is_some_and(&wanted) {
                continue;
            }
            let path = entry.path();
            // Another run may have taken it away meanwhile.
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            files.push(Entry { size: metadata.len(), used: metadata.modified()?, path });
        }
        Ok(files)
    }
}

struct Entry {
    path: PathBuf,
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

/// Whether a file has the content it is named after.
fn is_whole(path: &Path, prefix: &str) -> bool {
    let name = path.file_stem().and_then(|name| name.to_str());
    let expected = name.and_then(|name| name.strip_prefix(prefix));
    fs::read(path).is_ok_and(|code| expected == Some(&digest(&code)))
}

/// The digest that a file of this content is named after.
pub fn digest(code: &[u8]) -> String {
    hexadecimal(&Sha256::digest(code))
}
