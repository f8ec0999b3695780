//! Files that people name: opened, read up to a limit, written, and what is wrong with them in words.
//!
//! Knows nothing of what is in them, but for how a module begins. How files are written without following a link is in
//! [`egress_files`]; nothing else of this program writes any.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use egress_files::place::Place;
use egress_files::{Access, Doubt, Owners, WriteError, reading};

use crate::exit::{Code, Failure};

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
    open(path).and_then(|file| all(file, limit)).map_err(|error| reason(&error))
}

/// The text of a file, or why there is none.
pub(crate) fn text(path: &Path, limit: usize) -> Result<String, String> {
    utf8(bytes(path, limit)?)
}

/// All bytes of a plain file that a configuration names, or why there are none.
pub(crate) fn plain_bytes(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    reading::plain(path).and_then(|file| Ok(all(file, limit)?)).map_err(|doubt| doubtful(&doubt))
}

/// The text of a plain file of these users, or why it is not believed.
pub(crate) fn believed_text(path: &Path, limit: usize, owners: &Owners) -> Result<String, Doubt> {
    let bytes = all(reading::believed(path, owners)?, limit)?;
    Ok(utf8(bytes).map_err(io::Error::other)?)
}

/// Why a file is not believed, or could not be read.
pub(crate) fn doubtful(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Io(error) => reason(error),
        Doubt::NotAFile => "expected a file, found a directory or something else".to_owned(),
        doubt => doubt.to_string(),
    }
}

fn all(file: File, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // Grown step by step, a large file would be copied several times.
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(limit).min(limit);
    bytes.reserve_exact(length);
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    let too_long = || io::Error::other(format!("it has more than {limit} bytes"));
    if bytes.len() > limit { Err(too_long()) } else { Ok(bytes) }
}

fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}

/// Writes a text, with its folders where those are missing. What is meant to be below `root` stays there, whatever links
/// there are on the way. Whoever reads at the same time sees the old or the new text.
pub(crate) fn write(path: &Path, root: Option<&Path>, text: &str) -> Result<(), Failure> {
    let written = absolute(path)
        .map_err(WriteError::from)
        .and_then(|path| Place::make(&path, root))
        .and_then(|place| place.folder.write(&place.name, text.as_bytes(), Access::Kept));
    written.map_err(|error| Failure {
        code: Code::Failed,
        message: format!("cannot write `{}`: {}", path.display(), unwritten(&error)),
        hint: match error {
            WriteError::Link | WriteError::Outside { .. } => Some(
                "see the link's target with `ls -l`; remove the link, or name the file itself".to_owned(),
            ),
            _ => None,
        },
    })
}

/// Writes a file that is its owner's alone, into a folder that is there.
pub(crate) fn write_private(
    path: &Path,
    root: Option<&Path>,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), WriteError> {
    let place = Place::find(&absolute(path)?, root)?;
    place.folder.write_with(&place.name, Access::Owner, fill)
}

/// Why a file was not written.
pub(crate) fn unwritten(error: &WriteError) -> String {
    match error {
        WriteError::Io(error) => reason(error),
        error => error.to_string(),
    }
}

fn absolute(path: &Path) -> io::Result<PathBuf> {
    Ok(std::env::current_dir()?.join(path))
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
