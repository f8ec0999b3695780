//! An archive with the facts of a diagnosis: written in addition to the report, and read instead of a cluster.
//!
//! Knows archives. [`egress_diagnose::bundle`] defines their content.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use egress_diagnose::bundle::{self, Texts};
use egress_diagnose::facts::OtherCluster;
use egress_diagnose::facts::{ClusterFacts, Request};
use egress_files::WriteError;
use flate2::Compression;
use flate2::write::GzEncoder;

use self::unpack::unpack;
use super::gathered::Gathered;
use crate::exit::Failure;
use crate::files;
use crate::settings::diagnose::Diagnose;

mod unpack;

/// The directory in the archive.
const DIRECTORY: &str = "egress-bundle/";

/// Writes an archive that only its owner may read.
pub(super) fn write(
    path: &Path,
    root: Option<&Path>,
    evidence: &ClusterFacts,
    request: &Request,
) -> anyhow::Result<()> {
    let texts = bundle::write(evidence, request, env!("CARGO_PKG_VERSION"))?;
    let failed = |error: WriteError| {
        let name = path.display();
        Failure::usage(
            format!("--bundle: cannot write `{name}`: {}", files::unwritten(&error)),
            "name a file in a directory that exists: `--bundle egress.tar.gz`",
        )
    };
    Ok(files::write_private(path, root, |file| archive(&texts, file)).map_err(failed)?)
}

/// Reads the facts of an archive. Hosts and a namespace of the command line replace the recorded ones.
pub(super) fn gather(path: &Path, settings: &Diagnose) -> Result<Gathered, Failure> {
    let (evidence, mut request) = read(path, "--from")?;
    if !settings.hosts.is_empty() {
        request.hosts.clone_from(&settings.hosts);
    }
    if let Some(namespace) = super::files::namespace(settings) {
        request.namespace = Some(namespace);
    }
    Ok(Gathered { evidence, request, sources: None, interrupted: false, guard: None })
}

/// Reads the archives of other clusters, one each. The file name is the cluster's name.
pub(super) fn fleet(paths: &[PathBuf]) -> Result<Vec<OtherCluster>, Failure> {
    let cluster = |path: &PathBuf| {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let name = [".tar.gz", ".tgz"].iter().find_map(|ending| file.strip_suffix(ending)).unwrap_or(&file);
        Ok(OtherCluster::of(name.to_owned(), &read(path, "--beside")?.0))
    };
    paths.iter().map(cluster).collect()
}

fn read(path: &Path, flag: &str) -> Result<(ClusterFacts, Request), Failure> {
    let refused = |why: String| {
        Failure::usage(
            format!("{flag}: cannot read `{}`: {why}", path.display()),
            "name a file from `kubectl egress diagnose --bundle FILE`",
        )
    };
    let file = files::open(path).map_err(|error| refused(files::reason(&error)))?;
    let texts = unpack(file).map_err(|error| refused(format!("expected a .tar.gz archive: {error}")))?;
    bundle::read(&texts).map_err(|error| refused(error.to_string()))
}

fn archive(texts: &Texts, file: &mut File) -> io::Result<()> {
    let mut archive = tar::Builder::new(GzEncoder::new(file, Compression::default()));
    for (name, text) in texts {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_cksum();
        archive.append_data(&mut header, format!("{DIRECTORY}{name}"), text.as_bytes())?;
    }
    archive.into_inner()?.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_archived_is_unpacked() {
        let texts = Texts::from([
            ("cluster.json".to_owned(), "{}\n".to_owned()),
            ("gaps.json".to_owned(), String::new()),
        ]);
        let mut file = tempfile::tempfile().unwrap();
        archive(&texts, &mut file).unwrap();
        io::Seek::rewind(&mut file).unwrap();
        assert_eq!(unpack(file).unwrap(), texts);
    }
}
