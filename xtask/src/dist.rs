//! `cargo xtask dist`: what a release consists of, in `target/dist`.
//!
//! An archive for each target that this machine can build, their digests, a bill of materials, and the manifest for
//! krew. Knows the order; how each is made is in the modules below. Nothing is published from here.

pub mod archive;
mod bill;
mod build;
mod completions_and_manual_pages;
mod reproducible;
pub mod target;

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};
use clap::Args;
use egress_core::digest;

use self::{
    archive::{Archive, Content},
    target::BuildTarget,
};
use crate::{krew::manifest, terminal, workspace};

/// What to build, and from where it will be fetched.
#[derive(Debug, Args)]
pub struct Options {
    /// Only these targets, such as x86_64-unknown-linux-musl
    #[arg(long = "target", value_name = "TRIPLE", num_args = 1.., value_delimiter = ',')]
    targets: Vec<String>,
    /// Where the archives will lie: a manifest for krew is written with it
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// Builds everything; says loudly which targets were left out, and why.
///
/// # Errors
/// A target was named that does not exist or cannot be built here, or a build failed. Without a name, what cannot be built
/// here is left out; nothing at all is an error.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let (wanted, left_out) = target::choose(&options.targets)?;
    for (target, why) in &left_out {
        terminal::progress(format_args!("NOT BUILT {}: {why}", target.triple));
    }
    ensure!(!wanted.is_empty(), "no target can be built on this machine");
    let folder = workspace::metadata()?.target_directory.join("dist");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let version = workspace::version()?;
    let documents = completions_and_manual_pages::write(&folder.join("completions-and-manual-pages"))?;
    let mut archives = Vec::new();
    for target in wanted {
        let program = build::program(&target)?;
        archives.push(pack(&folder, &version, &target, &program, &documents)?);
    }
    let bill = bill::write(&folder)?;
    sums(&folder, &archives, &bill)?;
    if let Some(url) = &options.url {
        let place = folder.join(manifest::file_name(manifest::NAME));
        fs::write(&place, manifest::render(manifest::NAME, &version, url, &archives)?)?;
        terminal::result(place.display())?;
    }
    for archive in &archives {
        let bytes = fs::metadata(&archive.path)?.len();
        terminal::result(format_args!("{}  {bytes} bytes  {}", archive.sha256, archive.path.display()))?;
    }
    Ok(())
}

/// The archive of one target, named as the platforms of Kubernetes are.
///
/// # Errors
/// A file cannot be read or written.
fn pack(
    folder: &Path,
    version: &str,
    target: &BuildTarget,
    program: &Path,
    documents: &[Content],
) -> anyhow::Result<Archive> {
    let name = archive::file_name(version, target.platform);
    let mut contents = archive::essentials(program)?;
    contents.extend_from_slice(documents);
    archive::write(&folder.join(name), target.platform, contents)
}

/// `SHA256SUMS`, in the form that `sha256sum --check` reads.
fn sums(folder: &Path, archives: &[Archive], bill: &Path) -> anyhow::Result<()> {
    let bill = (digest::sha256(&fs::read(bill)?), bill);
    let files = archives.iter().map(|archive| (archive.sha256.clone(), archive.path.as_path())).chain([bill]);
    let line = |(digest, path): (String, &Path)| {
        format!("{digest}  {}\n", path.file_name().unwrap_or_default().to_string_lossy())
    };
    Ok(fs::write(folder.join("SHA256SUMS"), files.map(line).collect::<String>())?)
}
