//! Files of policies, read up to a limit, with what is wrong with them in words.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// How every WebAssembly module begins, component or not.
const MAGIC: [u8; 4] = *b"\0asm";

/// All bytes of a file.
pub(super) fn bytes(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = open(path).and_then(|file| file.take(limit as u64 + 1).read_to_end(&mut bytes));
    read.map_err(|error| reason(&error))?;
    if bytes.len() > limit { Err(format!("it has more than {limit} bytes")) } else { Ok(bytes) }
}

/// The text of a file.
pub(super) fn text(path: &Path, limit: usize) -> Result<String, String> {
    String::from_utf8(bytes(path, limit)?).map_err(|_| "it is not UTF-8 text".to_owned())
}

/// Whether a file is a module and no text, whatever it is called.
pub(super) fn is_module(path: &Path) -> Result<bool, String> {
    let mut start = [0; MAGIC.len()];
    match open(path).and_then(|mut file| file.read_exact(&mut start)) {
        Ok(()) => Ok(start == MAGIC || has_the_name_of_one(path)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(has_the_name_of_one(path)),
        Err(error) => Err(reason(&error)),
    }
}

fn has_the_name_of_one(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("wasm"))
}

fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    // Opening a directory succeeds on Unix; only reading it fails, with a riddle.
    if file.metadata()?.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(file) }
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::IsADirectory => "expected a file, found a directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
