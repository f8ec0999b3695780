//! Packs what `policy init` writes into one archive, so that a policy needs nothing but this program and the registry of its
//! language: the files of a new project in each language, the crate that policies in Rust are written with, the interfaces.
//! Tells the linker what a release leaves out.
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
    leave_out_unwinding()?;
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

/// A release aborts on a panic and has no symbols: its tables for unwinding, a tenth of the program, have no reader. The
/// compiler writes them all the same, also those of the standard library. Linkers of ELF take a script for that: GNU's,
/// LLVM's and Zig's.
fn leave_out_unwinding() -> Result<(), Box<dyn Error>> {
    if env::var("PROFILE")? != "release" || env::var("CARGO_CFG_TARGET_OS")? != "linux" {
        return Ok(());
    }
    let script = PathBuf::from(env::var("OUT_DIR")?).join("without-unwinding.ld");
    fs::write(&script, "SECTIONS { /DISCARD/ : { *(.eh_frame) *(.eh_frame_hdr) } } INSERT AFTER .text;\n")?;
    println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", script.display());
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
