//! The programs of the bed: built or downloaded once, then found by what they are made from.
//!
//! It knows where programs come from and nothing of how they are run.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::{Context as _, anyhow};
use serde::{Deserialize, Serialize};

use super::{cache, envoy, go::GoModule};

/// The Kubernetes and the Istio part share a third of what they are made of: one module, so that it is compiled once.
const CLUSTER: GoModule = GoModule {
    name: "cluster",
    folder: "cluster",
    compiler: &COMPILER,
    what: "Kubernetes and Istio from source",
    packages: &["./kube", "./mesh"],
    usual: Duration::from_mins(10),
};
const NODE: GoModule = GoModule {
    name: "node",
    folder: "node",
    compiler: &COMPILER,
    what: "the bed's node",
    packages: &["."],
    usual: Duration::from_secs(10),
};
const ORACLE: GoModule = GoModule {
    name: "oracle",
    folder: "oracle",
    compiler: &COMPILER,
    what: "what istiod would send, from source",
    packages: &["."],
    usual: Duration::from_mins(2),
};
const KREW: GoModule = GoModule {
    name: "krew",
    folder: "krew",
    compiler: &COMPILER,
    what: "krew and its validator from source",
    packages: &["sigs.k8s.io/krew/cmd/krew", "sigs.k8s.io/krew/cmd/validate-krew-manifest"],
    usual: Duration::from_secs(20),
};
/// What benchmarks compare with, of the versions of the bed.
const PEERS: GoModule = GoModule {
    name: "peers",
    folder: "cluster",
    compiler: &[],
    what: "kubectl and istioctl from source",
    packages: &["k8s.io/kubernetes/cmd/kubectl", "istio.io/istio/istioctl/cmd/istioctl"],
    usual: Duration::from_mins(10),
};
/// A third of the compiler's time is for debuggers, which nobody starts here, and for inlining, which is worth it only in
/// what runs all the time. The last pattern that fits a package decides.
const COMPILER: [&str; 5] = [
    "-gcflags=all=-dwarf=false -l",
    "-gcflags=std=-dwarf=false",
    "-gcflags=google.golang.org/...=-dwarf=false",
    "-gcflags=go.etcd.io/...=-dwarf=false",
    "-gcflags=sigs.k8s.io/...=-dwarf=false",
];
/// Istio's template of Envoy's first configuration, in its module.
const BOOTSTRAP: &str = "tools/packaging/common/envoy_bootstrap.json";

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
    let (cache, _lock) = open()?;
    // Envoy is fetched, which costs no processor, while the others are built.
    let (built, envoy) = thread::scope(|scope| {
        let envoy = scope.spawn(|| envoy::prepare(&cache));
        let built = CLUSTER.build(&cache).and_then(|cluster| Ok((cluster, NODE.build(&cache)?)));
        (built, envoy.join().unwrap_or_else(|_| Err(anyhow!("fetching Envoy panicked"))))
    });
    let (cluster, node) = built?;
    Ok(Programs {
        bootstrap: bootstrap(&cluster)?,
        kube: cluster.join("kube"),
        mesh: cluster.join("mesh"),
        node: node.join("node"),
        envoy: envoy?,
    })
}

/// The program that is kubectl when its name says so.
pub(super) fn kube() -> anyhow::Result<PathBuf> {
    let (cache, _lock) = open()?;
    Ok(CLUSTER.build(&cache)?.join("kube"))
}

/// The program that says what istiod would send.
pub(super) fn oracle() -> anyhow::Result<PathBuf> {
    let (cache, _lock) = open()?;
    Ok(ORACLE.build(&cache)?.join("oracle"))
}

/// The folder of krew and its validator.
pub(super) fn krew() -> anyhow::Result<PathBuf> {
    let (cache, _lock) = open()?;
    KREW.build(&cache)
}

/// The folder of kubectl and istioctl by themselves.
pub(super) fn peers() -> anyhow::Result<PathBuf> {
    let (cache, _lock) = open()?;
    PEERS.build(&cache)
}

/// The folder of the programs, for one process at a time: two builds would only slow each other down.
fn open() -> anyhow::Result<(PathBuf, File)> {
    let cache = cache::directory()?.join("programs");
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let lock = File::create(cache.join("lock"))?;
    lock.lock()?;
    Ok((cache, lock))
}

/// The file comes from the very module that the agent is built from.
fn bootstrap(cluster: &Path) -> anyhow::Result<PathBuf> {
    let bootstrap = cluster.join("envoy_bootstrap.json");
    if !bootstrap.exists() {
        fs::write(&bootstrap, CLUSTER.file_of("istio.io/istio", BOOTSTRAP)?)?;
    }
    Ok(bootstrap)
}
