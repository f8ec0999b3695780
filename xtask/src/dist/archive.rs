//! Archives whose bytes depend on their contents alone: no clock, no user, no order of a folder.
//!
//! Knows tar and gzip, and what every archive holds. Knows no target.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use egress_core::digest;
use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use super::target::Platform;
use crate::workspace;

/// What the program is called in the archive.
pub const PROGRAM: &str = "kubectl-egress";
/// What the licence is called in the archive; krew's index demands one.
pub const LICENSE: &str = "LICENSE";

/// A file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its place in the archive.
    pub place: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it is a program.
    pub executable: bool,
}

/// An archive that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// For whom it is.
    pub platform: Platform,
    /// Where it lies.
    pub path: PathBuf,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// The name of the archive of a version, for a platform.
pub fn file_name(version: &str, Platform { os, arch }: Platform) -> String {
    format!("kubectl-egress-v{version}-{os}-{arch}.tar.gz")
}

/// The program and the licence, which every archive has at its root.
///
/// # Errors
/// One of them cannot be read.
pub fn essentials(program: &Path) -> anyhow::Result<Vec<Content>> {
    let read = |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let content = |place: &str, bytes, executable| Content { place: place.to_owned(), bytes, executable };
    Ok(vec![
        content(PROGRAM, read(program)?, true),
        content(LICENSE, read(&workspace::root().join(LICENSE))?, false),
    ])
}

/// Writes an archive. The contents may come in any order.
///
/// # Errors
/// The file cannot be written.
pub fn write(path: &Path, platform: Platform, mut contents: Vec<Content>) -> anyhow::Result<Archive> {
    contents.sort_by(|one, other| one.place.cmp(&other.place));
    let cannot = || format!("cannot write {}", path.display());
    let file = File::create(path).with_context(cannot)?;
    let mut tar = Builder::new(GzBuilder::new().mtime(0).write(file, Compression::best()));
    for Content { place, bytes, executable } in &contents {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_size(bytes.len() as u64);
        header.set_mode(if *executable { 0o755 } else { 0o644 });
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, place, bytes.as_slice()).with_context(cannot)?;
    }
    tar.into_inner().and_then(flate2::write::GzEncoder::finish).with_context(cannot)?;
    Ok(Archive { platform, path: path.to_owned(), sha256: digest::sha256(&fs::read(path)?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX: Platform = Platform { os: "linux", arch: "amd64" };

    fn content(place: &str, bytes: &str) -> Content {
        Content { place: place.to_owned(), bytes: bytes.into(), executable: place == PROGRAM }
    }

    #[test]
    fn the_same_contents_in_another_order_at_another_time_are_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (content(PROGRAM, "program"), content(LICENSE, "licence"));

        let one = write(&folder.path().join("one"), LINUX, vec![a.clone(), b.clone()]).unwrap();
        let other = write(&folder.path().join("other"), LINUX, vec![b, a.clone()]).unwrap();
        let different = write(&folder.path().join("different"), LINUX, vec![a]).unwrap();

        assert_eq!(one.sha256, other.sha256);
        assert_eq!(fs::read(one.path).unwrap(), fs::read(other.path).unwrap());
        assert_ne!(one.sha256, different.sha256);
    }

    #[test]
    fn the_program_can_be_run_and_nothing_tells_who_packed_it() {
        let folder = tempfile::tempdir().unwrap();
        let contents = vec![content(PROGRAM, "program"), content(LICENSE, "licence")];
        let archive = write(&folder.path().join("archive"), LINUX, contents).unwrap();

        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(File::open(archive.path).unwrap()));
        let entries = tar.entries().unwrap().map(|entry| {
            let header = entry.unwrap().header().clone();
            let place = header.path().unwrap().display().to_string();
            (place, header.mode().unwrap(), header.uid().unwrap(), header.mtime().unwrap())
        });
        assert_eq!(
            entries.collect::<Vec<_>>(),
            [(LICENSE.to_owned(), 0o644, 0, 0), (PROGRAM.to_owned(), 0o755, 0, 0)]
        );
    }
}
