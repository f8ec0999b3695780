//! The programs of the bed: built or downloaded once, then found by what they are made from.
//!
//! It knows where programs come from and nothing of how they are run.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};

use super::{cache, digest, envoy};
use crate::{terminal, workspace};

/// The paths of everything that a bed runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Programs {
    /// etcd, the API server, the controller manager, kubectl.
    pub(super) kube: PathBuf,
    /// istiod, the agent, istioctl.
    pub(super) mesh: PathBuf,
    /// Istio's template of Envoy's first configuration.
    pub(super) bootstrap: PathBuf,
    /// The stand-in for kubelets.
    pub(super) node: PathBuf,
    /// Envoy.
    pub(super) envoy: PathBuf,
}

/// Finds the programs, building and downloading what is not there. The first time takes minutes, and says so.
pub(super) fn prepare() -> anyhow::Result<Programs> {
    let cache = cache::directory()?.join("programs");
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    // Two builds at the same time would only slow each other down.
    let lock = File::create(cache.join("lock"))?;
    lock.lock()?;
    let mesh = built(&cache, "mesh", "the Istio part of the bed (about 6 minutes the first time)")?;
    Ok(Programs {
        kube: built(&cache, "kube", "the Kubernetes part of the bed (about 5 minutes the first time)")?,
        bootstrap: bootstrap(&mesh)?,
        mesh,
        node: built(&cache, "node", "the node of the bed")?,
        envoy: envoy::prepare(&cache)?,
    })
}

fn built(cache: &Path, part: &str, description: &str) -> anyhow::Result<PathBuf> {
    let source = source(part);
    let program = cache.join(format!("{part}-{}", key(&source)?)).join(part);
    if program.exists() {
        return Ok(program);
    }
    terminal::progress(format_args!("building {description} …"));
    let unfinished = program.with_extension("unfinished");
    let status = go(&source)
        .args(["build", "-trimpath", "-ldflags=-s -w", "-o"])
        .arg(&unfinished)
        .arg(".")
        .stdout(Stdio::null())
        .status()?;
    ensure!(status.success(), "go build failed in {}", source.display());
    fs::rename(&unfinished, &program)?;
    Ok(program)
}

/// The file comes from the very module that the agent is built from.
fn bootstrap(mesh: &Path) -> anyhow::Result<PathBuf> {
    let bootstrap = mesh.with_file_name("envoy_bootstrap.json");
    if !bootstrap.exists() {
        let module = output(go(&source("mesh")).args(["list", "-m", "-f", "{{.Dir}}", "istio.io/istio"]))?;
        let original = Path::new(&module).join("tools/packaging/common/envoy_bootstrap.json");
        fs::write(
            &bootstrap,
            fs::read(&original).with_context(|| format!("cannot read {}", original.display()))?,
        )?;
    }
    Ok(bootstrap)
}

/// What a program is made from: its sources, its dependencies, its compiler.
fn key(source: &Path) -> anyhow::Result<String> {
    let mut files: Vec<_> = fs::read_dir(source)
        .with_context(|| format!("cannot read {}", source.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let mut made_from = output(go(source).args(["env", "GOVERSION"]))?;
    for file in files {
        made_from += &digest::sha256(&fs::read(&file)?);
    }
    Ok(digest::sha256(made_from.as_bytes())[..16].to_owned())
}

fn go(directory: &Path) -> Command {
    let mut command = Command::new("go");
    command.current_dir(directory);
    command
}

fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("{command:?} failed with {}", output.status);
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn source(part: &str) -> PathBuf {
    workspace::root().join("tests/bed").join(part)
}
