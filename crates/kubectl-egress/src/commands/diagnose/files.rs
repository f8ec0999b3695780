//! Reads the facts of a diagnosis from files, with one thread per processor.
//!
//! Knows files and directories. [`egress_diagnose::facts::source`] parses their content.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread;

use egress_diagnose::facts::source::{Document, ParsedFiles, SourceFile, SourceReader, documents};
use egress_diagnose::facts::{PodName, Request};
use rayon::prelude::*;

use super::gathered::{FileOrigin, Gathered, GatheredFiles};
use crate::exit::Failure;
use crate::files;
use crate::settings::Namespaces;
use crate::settings::diagnose::Diagnose;
use crate::settings::diagnose::client::ClientKind;
use crate::settings::diagnose::sources::Files;
use crate::terminal::Terminal;

/// The most bytes of one file, and of all files: dumps of very large clusters have some hundred million.
pub(super) const MAXIMUM_BYTES: usize = 512 * 1024 * 1024;
/// The endings that kubectl reads in a directory.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];
/// The name that means standard input.
const STDIN: &str = "-";
/// The namespace of objects that name none, as in kubectl.
const DEFAULT_NAMESPACE: &str = "default";
/// With fewer bytes, threads cost more time than they save.
const WORTH_A_THREAD: usize = 64 * 1024;
/// So many documents a thread reads before they are put to the others.
const AT_ONCE: usize = 256;
/// Reserve memory for one object per this many bytes, so that a file of many tiny documents cannot reserve more than
/// its own size.
const BYTES_OF_AN_OBJECT: usize = 512;

/// Reads files as the only facts.
pub(super) fn gather(
    settings: &Diagnose,
    files: &Files,
    terminal: &mut Terminal,
) -> anyhow::Result<Gathered> {
    let namespace = namespace(settings);
    let (files, origins) = read(files)?;
    let mut reading = objects(&files, namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE));
    for gateway in reading.assume_gateways() {
        terminal.note(&format!(
            "note: the files do not contain the Service of gateway {gateway}; assumed with ports 80 and 443"
        ));
    }
    let request = Request { hosts: settings.hosts.clone(), namespace, client: client(settings) };
    let incomplete = !reading.unread.is_empty();
    reading.facts.snapshot.unreadable.extend(reading.unread);
    let sources = Some(GatheredFiles::new(files, origins, reading.places, incomplete));
    Ok(Gathered { evidence: reading.facts, request, sources, interrupted: false, guard: None })
}

/// Overlays files on the facts of a cluster.
pub(super) fn lay_over(live: Gathered, files: &Files) -> anyhow::Result<Gathered> {
    let (files, origins) = read(files)?;
    let namespace = live.request.namespace.clone();
    let reading = objects(&files, namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE));
    let Gathered { mut evidence, request, interrupted, guard, .. } = live;
    let incomplete = !reading.unread.is_empty();
    evidence.lay_over(reading.facts);
    evidence.snapshot.unreadable.extend(reading.unread);
    let sources = Some(GatheredFiles::new(files, origins, reading.places, incomplete));
    Ok(Gathered { evidence, request, sources, interrupted, guard })
}

/// The typed namespace.
pub(super) fn namespace(settings: &Diagnose) -> Option<String> {
    match &settings.namespaces {
        Namespaces::All => None,
        Namespaces::One(named) => named.clone(),
    }
}

/// A pod named with its namespace, or with `-n`.
fn client(settings: &Diagnose) -> Option<PodName> {
    let client = settings.client.as_ref().filter(|client| client.kind == ClientKind::Pod)?;
    let Namespaces::One(namespace) = &client.namespaces else { return None };
    let namespace = namespace.clone().unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned());
    Some(PodName { namespace, name: client.name.clone() })
}

/// The objects of all files.
fn objects(files: &[SourceFile], namespace: &str) -> ParsedFiles {
    let cut: Vec<Vec<Document<'_>>> = files.iter().map(|file| documents(&file.text)).collect();
    let number: usize = cut.iter().map(Vec::len).sum();
    let bytes: usize = files.iter().map(|file| file.text.len()).sum();
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(bytes / WORTH_A_THREAD).max(1);
    let of_thread = number.div_ceil(threads).clamp(1, AT_ONCE);
    let read = |part: &[(usize, &Document<'_>)]| {
        let mut reader = SourceReader::new(files, namespace, part.len());
        for (file, document) in part {
            reader.read(*file, document);
        }
        reader
    };
    let mut whole = SourceReader::new(files, namespace, number.min(bytes / BYTES_OF_AN_OBJECT));
    let mut ahead =
        cut.iter().enumerate().flat_map(|(file, documents)| documents.iter().map(move |one| (file, one)));
    // Part by part, so that what the threads have read is never held twice.
    loop {
        let some: Vec<(usize, &Document<'_>)> = ahead.by_ref().take(of_thread * threads).collect();
        let parts: Vec<SourceReader<'_>> = match threads {
            _ if some.is_empty() => break,
            1 => vec![read(&some)],
            _ => some.par_chunks(of_thread).map(read).collect(),
        };
        for part in parts {
            whole.append(part);
        }
    }
    whole.finish()
}

/// The files, and where each was read.
fn read(files: &Files) -> Result<(Vec<SourceFile>, Vec<FileOrigin>), Failure> {
    let (mut found, mut origins) = (Vec::new(), Vec::new());
    let mut room = MAXIMUM_BYTES;
    for name in &files.names {
        let paths = if name == STDIN { vec![PathBuf::from(STDIN)] } else { paths(name, files.recursive)? };
        for path in paths {
            let is_stdin = path.as_os_str() == STDIN;
            let shown = if is_stdin { "standard input".to_owned() } else { path.display().to_string() };
            // Before it is read: what changes later is noticed.
            origins.push(if is_stdin { FileOrigin::Once } else { FileOrigin::of(&path) });
            let text = if is_stdin { standard_input(room) } else { files::text(&path, room) };
            let text = text.map_err(|why| refused(&shown, &why))?;
            room = room.saturating_sub(text.len());
            found.push(SourceFile { name: shown, text });
        }
    }
    Ok((found, origins))
}

fn standard_input(room: usize) -> Result<String, String> {
    let mut bytes = Vec::new();
    let read = io::stdin().take(room as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| files::reason(&error))?;
    if bytes.len() > room {
        return Err(format!("it has more than {room} bytes"));
    }
    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
}

/// A file, or the files of a directory in order of name.
fn paths(name: &str, recursive: bool) -> Result<Vec<PathBuf>, Failure> {
    let path = Path::new(name);
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = BTreeSet::new();
    let mut directories = vec![path.to_owned()];
    while let Some(directory) = directories.pop() {
        let entries = fs::read_dir(&directory);
        let entries =
            entries.map_err(|error| refused(&directory.display().to_string(), &files::reason(&error)))?;
        for entry in entries.flatten() {
            let path = entry.path();
            // A link to a directory may lead back up.
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
            if is_directory && recursive {
                directories.push(path);
            } else if !path.is_dir() && ENDINGS.contains(&ending) {
                found.insert(path.strip_prefix(".").map_or(path.clone(), Path::to_owned));
            }
        }
    }
    if found.is_empty() {
        let name = egress_core::host::printable(name);
        return Err(Failure::usage(
            format!("directory `{name}`: expected files that end in .yaml, .yml or .json, found none"),
            "name a file, or also read the directories below: `-R`",
        ));
    }
    Ok(found.into_iter().collect())
}

fn refused(name: &str, why: &str) -> Failure {
    Failure::usage(
        format!("cannot read `{}`: {why}", egress_core::host::printable(name)),
        "name a file or a directory with objects, or `-` for standard input: `kubectl get … -o yaml | kubectl egress diagnose -f -`",
    )
}
