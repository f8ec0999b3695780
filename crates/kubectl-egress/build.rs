//! Packs what `policy init` writes into one archive, so that a policy needs nothing but this program and the registry of its
//! language: the files of a new project in each language, the crate that policies in Rust are written with, the interfaces.
//!
//! Reads them where they are kept and maintained; there is no second copy. Knows nothing of when they are written.

#[path = "build/manifest.rs"]
mod manifest;
#[path = "build/source.rs"]
mod source;

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::{env, io};

use flate2::Compression;
use flate2::write::GzEncoder;

/// What is packed from the root of the repository, and the folder it gets in the archive.
const FOLDERS: [(&str, &str); 3] = [
    ("crates/kubectl-egress/src/commands/policy/init/template", "template"),
    ("wit/policy-0.1.0", "wit"),
    ("crates/egress-policy-sdk", "sdk"),
];
const MANIFEST: &str = "Cargo.toml";
const LICENCE: &str = "LICENSE";

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let root = here.ancestors().nth(2).ok_or("the crate is not in its workspace")?;
    let out = PathBuf::from(env::var("OUT_DIR")?).join("policy-project.tar.gz");
    let mut archive = tar::Builder::new(GzEncoder::new(File::create(out)?, Compression::best()));
    let workspace = read(&root.join(MANIFEST))?;
    for (folder, name) in FOLDERS {
        let folder = root.join(folder);
        for file in files(&folder)? {
            let place = Path::new(name).join(file.strip_prefix(&folder)?);
            let text = read(&file)?;
            let text = match (name, place.extension().and_then(|extension| extension.to_str())) {
                ("sdk", Some("toml")) => manifest::standalone(&text, &workspace)?,
                ("sdk", Some("rs")) => source::shipped(&text),
                _ => text,
            };
            pack(&mut archive, &place, &text)?;
        }
    }
    pack(&mut archive, &Path::new("sdk").join(LICENCE), &read(&root.join(LICENCE))?)?;
    archive.into_inner()?.finish()?;
    Ok(())
}

/// The files below a folder, sorted, so that the archive is the same on every machine. Cargo looks whether one was added.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    entries.sort();
    let mut found = Vec::new();
    for path in entries {
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

fn read(file: &Path) -> Result<String, String> {
    println!("cargo::rerun-if-changed={}", file.display());
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

/// Adds a file without a time or an owner.
fn pack<W: io::Write>(archive: &mut tar::Builder<W>, place: &Path, text: &str) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, place, text.as_bytes())
}
