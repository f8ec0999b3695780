//! The plugins of this repository: WebAssembly components, built for size and looked at before anybody runs them.
//!
//! Knows how they are built and what a component may import. Knows nothing of what they decide.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};
use wasmparser::{Parser, Payload};

use crate::{
    terminal,
    toolchain::{self, WASM},
    workspace,
};

/// A component that answers one question is smaller: small enough for the `binaryData` of a ConfigMap, many times over.
const LARGEST: u64 = 60 * 1024;
/// What the bindings of each further question may add: they read the request once more.
const FURTHER_QUESTION: u64 = 12 * 1024;
/// All that a plugin may import: the log, and the records that its lines and answers are made of.
const IMPORTS: [&str; 2] = ["kubectl-egress:policy/log@0.1.0", "kubectl-egress:policy/types@0.1.0"];
/// What every plugin exports beside the questions it answers.
const META: &str = "kubectl-egress:policy/meta@0.1.0";

/// A plugin that was built.
#[derive(Debug)]
pub struct Plugin {
    /// Its name, such as `host-catalogue`.
    pub name: String,
    /// Where the component lies.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// The interfaces it exports.
    pub exports: Vec<String>,
}

/// `cargo xtask plugins`: builds them and prints how large they are.
pub fn run() -> anyhow::Result<()> {
    for plugin in build()? {
        let questions: Vec<_> =
            plugin.exports.iter().map(|export| short(export)).filter(|word| *word != "meta").collect();
        terminal::result(format_args!("{:<22}{:>7}  {}", plugin.name, plugin.size, questions.join(" ")))?;
    }
    Ok(())
}

/// Builds every plugin to `target/plugins/NAME.wasm`, and refuses one that is too large or imports too much. Sorted by
/// name.
pub fn build() -> anyhow::Result<Vec<Plugin>> {
    toolchain::require_wasm()?;
    let folder = folder();
    let target = workspace::root().join("target/plugins");
    let mut command = Command::new(env!("CARGO"));
    command.args(["build", "--quiet", "--locked", "--release", "--target", WASM]);
    let status = command.current_dir(&folder).stdout(Stdio::null()).status().context("running cargo")?;
    ensure!(status.success(), "the plugins do not compile");
    let mut plugins = Vec::new();
    for name in names(&folder)? {
        let built = target.join(WASM).join("release").join(name.replace('-', "_")).with_extension("wasm");
        let bytes = fs::read(&built).with_context(|| format!("reading {}", built.display()))?;
        let path = target.join(&name).with_extension("wasm");
        let (imports, exports) = interfaces(&bytes).with_context(|| format!("reading {name}"))?;
        check(&name, bytes.len() as u64, &imports, &exports)?;
        // Renamed into place: a test that runs beside this reads the old one or the new one.
        let new = path.with_extension("new");
        fs::write(&new, &bytes)?;
        fs::rename(&new, &path)?;
        plugins.push(Plugin { name, path, size: bytes.len() as u64, exports });
    }
    Ok(plugins)
}

/// The workspace of the plugins.
pub(crate) fn folder() -> PathBuf {
    workspace::root().join("plugins")
}

fn names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The names of what a component imports and exports.
fn interfaces(bytes: &[u8]) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

fn check(name: &str, size: u64, imports: &[String], exports: &[String]) -> anyhow::Result<()> {
    if let Some(import) = imports.iter().find(|import| !IMPORTS.contains(&import.as_str())) {
        bail!("{name} imports {import}: a plugin imports the log and nothing else");
    }
    ensure!(exports.iter().any(|export| export == META), "{name} does not export {META}");
    let questions = (exports.len() as u64).saturating_sub(1);
    ensure!(questions > 0, "{name} answers no question");
    let largest = LARGEST + (questions - 1) * FURTHER_QUESTION;
    ensure!(size <= largest, "{name} has {size} bytes, {} more than it may", size - largest);
    Ok(())
}

/// `hosts` of `kubectl-egress:policy/hosts@0.1.0`.
fn short(export: &str) -> &str {
    let name = export.rsplit('/').next().unwrap_or(export);
    name.split('@').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = IMPORTS[0];
    const HOSTS: &str = "kubectl-egress:policy/hosts@0.1.0";

    fn checked(size: u64, imports: &[&str], exports: &[&str]) -> anyhow::Result<()> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        check("one", size, &owned(imports), &owned(exports))
    }

    #[test]
    fn a_plugin_that_imports_more_than_the_log_is_refused() {
        let error = checked(1, &[LOG, "wasi:io/poll@0.2.6"], &[META, HOSTS]).unwrap_err();

        assert!(error.to_string().contains("wasi:io/poll"));
    }

    #[test]
    fn each_question_has_its_share_of_bytes() {
        assert!(checked(LARGEST, &[LOG], &[META, HOSTS]).is_ok());
        assert!(checked(LARGEST + 1, &[LOG], &[META, HOSTS]).is_err());
        assert!(checked(LARGEST + 1, &[LOG], &[META, HOSTS, "kubectl-egress:policy/naming@0.1.0"]).is_ok());
    }

    #[test]
    fn a_plugin_that_answers_nothing_is_refused() {
        assert!(checked(1, &[LOG], &[META]).is_err());
        assert!(checked(1, &[LOG], &[HOSTS]).is_err());
    }
}
