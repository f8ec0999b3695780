//! Files that people name: opened, read up to a limit, and what is wrong with them in words.
//!
//! Knows nothing of what is in them, but for how a module begins.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// How every WebAssembly module begins, component or not.
const MAGIC: [u8; 4] = *b"\0asm";

/// Whether there is something of this name. What may not be looked at is there, as is a link that leads nowhere: reading
/// it says what is wrong.
pub(crate) fn is_there(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
        Ok(_) => true,
    }
}

/// Opens a file that is no directory: opening one succeeds on Unix, and only reading it fails, with a riddle.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) }
}

/// Why a file could not be read.
pub(crate) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::IsADirectory => "expected a file, found a directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// All bytes of a file, or why there are none.
pub(crate) fn bytes(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = open(path).and_then(|file| {
        // Grown step by step, a large file would be copied several times.
        let length = usize::try_from(file.metadata()?.len()).unwrap_or(limit).min(limit);
        bytes.reserve_exact(length);
        file.take(limit as u64 + 1).read_to_end(&mut bytes)
    });
    read.map_err(|error| reason(&error))?;
    if bytes.len() > limit { Err(format!("it has more than {limit} bytes")) } else { Ok(bytes) }
}

/// The text of a file, or why there is none.
pub(crate) fn text(path: &Path, limit: usize) -> Result<String, String> {
    String::from_utf8(bytes(path, limit)?).map_err(|_| "it is not UTF-8 text".to_owned())
}

/// Whether a file is a module, or is called as if it were one.
pub(crate) fn is_module(path: &Path) -> Result<bool, String> {
    let called = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("wasm"));
    let mut start = [0; MAGIC.len()];
    match open(path).and_then(|mut file| file.read_exact(&mut start)) {
        Ok(()) => Ok(called || start == MAGIC),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(called),
        Err(error) => Err(reason(&error)),
    }
}
