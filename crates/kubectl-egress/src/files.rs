//! Reads files up to a limit, writes them, and explains errors.
//!
//! Does not know their content, except the start of a module. [`egress_files`] writes without following links; no other
//! code of this program writes files.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use egress_files::file_in_folder::FileInFolder;
use egress_files::{Access, Doubt, Owners, WriteError, reading};

use crate::exit::{Code, Failure};

/// The first bytes of every WebAssembly module, component or not.
const MAGIC: [u8; 4] = *b"\0asm";

/// Whether the path exists. True also without permission to check, and for a broken link: reading it then reports the
/// error.
pub(crate) fn is_there(path: &Path) -> bool {
    match fs::symlink_metadata(path) {
        Err(error) => !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory),
        Ok(_) => true,
    }
}

/// Opens a file, but no directory: on Unix, opening a directory succeeds, and reading it fails with an unclear error.
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

/// All bytes of a file, or the error.
pub(crate) fn bytes(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    open(path).and_then(|file| all(file, limit)).map_err(|error| reason(&error))
}

/// The text of a file, or the error.
pub(crate) fn text(path: &Path, limit: usize) -> Result<String, String> {
    utf8(bytes(path, limit)?)
}

/// All bytes of a plain file that a configuration names, or the error.
pub(crate) fn plain_bytes(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    reading::plain(path).and_then(|file| Ok(all(file, limit)?)).map_err(|doubt| doubtful(&doubt))
}

/// The text of a plain file owned by these users, or why it is not trusted.
pub(crate) fn believed_text(path: &Path, limit: usize, owners: &Owners) -> Result<String, Doubt> {
    let bytes = all(reading::believed(path, owners)?, limit)?;
    Ok(utf8(bytes).map_err(io::Error::other)?)
}

/// Why a file is not trusted, or could not be read.
pub(crate) fn doubtful(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Io(error) => reason(error),
        Doubt::NotAFile => "expected a file, found a directory or something else".to_owned(),
        doubt => doubt.to_string(),
    }
}

fn all(file: File, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // A buffer that grows step by step would copy a large file several times.
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(limit).min(limit);
    bytes.reserve_exact(length);
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    let too_long = || io::Error::other(format!("it has more than {limit} bytes"));
    if bytes.len() > limit { Err(too_long()) } else { Ok(bytes) }
}

fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}

/// Writes a text, and creates missing folders. A path below `root` stays there, whatever links are on the path.
/// Concurrent readers see the old or the new text.
pub(crate) fn write(path: &Path, root: Option<&Path>, text: &str) -> Result<(), Failure> {
    let written = absolute(path)
        .map_err(WriteError::from)
        .and_then(|path| FileInFolder::make(&path, root))
        .and_then(|file| file.folder.write(&file.name, text.as_bytes(), Access::Kept));
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

/// Writes a file that only its owner can read, into an existing folder.
pub(crate) fn write_private(
    path: &Path,
    root: Option<&Path>,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), WriteError> {
    let target = FileInFolder::find(&absolute(path)?, root)?;
    target.folder.write_with(&target.name, Access::Owner, fill)
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

/// Whether a file is a module, or has a module's name.
pub(crate) fn is_module(path: &Path) -> Result<bool, String> {
    let called = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("wasm"));
    let mut start = [0; MAGIC.len()];
    match open(path).and_then(|mut file| file.read_exact(&mut start)) {
        Ok(()) => Ok(called || start == MAGIC),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(called),
        Err(error) => Err(reason(&error)),
    }
}
