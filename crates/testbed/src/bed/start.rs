//! The order in which the parts of a bed start: what does not depend on each other starts together.
//!
//! It knows which part needs which, and nothing of the parts.

use std::{fs, os::unix::fs::symlink, thread};

use anyhow::anyhow;

use super::{
    certificates,
    handle::{Bed, BedRecord},
    istiod, kubernetes, manifest, network, node, objects, outside, proxies, users,
};

type Task<'a> = Box<dyn FnOnce() -> anyhow::Result<()> + Send + 'a>;

/// Starts everything in a folder and namespaces that do not exist yet.
pub(super) fn start(bed: &Bed) -> anyhow::Result<()> {
    create_directory(bed)?;
    network::create(bed)?;
    let certificates = certificates::create(&bed.layout.file("certificates"))?;
    users::create(&bed.layout, &certificates.authority)?;
    if !bed.topology.istio {
        kubernetes::start(bed, &certificates)?;
        return objects::create_namespaces(bed);
    }
    together([
        Box::new(|| outside::start(bed, &bed.external_services)),
        Box::new(|| manifest::generate(bed)),
        Box::new(|| node::start(bed, &certificates.node)),
        Box::new(|| kubernetes::start(bed, &certificates)),
    ])?;
    objects::create_namespaces(bed)?;
    let istiods = istiod::start(bed)?;
    for istiod in &bed.topology.control_planes {
        bed.apply(&[], &fs::read_to_string(bed.layout.file(&manifest::file(istiod)))?)?;
    }
    objects::create_nodes_and_pods(bed)?;
    together([
        Box::new(|| objects::enable_injection(bed)),
        Box::new(|| istiod::wait(bed, istiods)),
        Box::new(|| proxies::start(bed)),
    ])
}

impl Bed {
    /// Applies objects as the bed's own.
    pub(super) fn apply(&self, arguments: &[&str], objects: &str) -> anyhow::Result<()> {
        let apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=bed", "--filename=-"];
        self.kubectl_with_input(&[&apply, arguments].concat(), objects)?;
        Ok(())
    }
}

fn create_directory(bed: &Bed) -> anyhow::Result<()> {
    for name in ["log", "pid", "bin"] {
        fs::create_dir_all(bed.layout.file(name))?;
    }
    symlink(&bed.programs.kube, bed.programs().join("kubectl"))?;
    symlink(&bed.programs.mesh, bed.programs().join("istioctl"))?;
    let record = BedRecord { topology: bed.topology.clone(), programs: bed.programs.clone() };
    Ok(fs::write(bed.layout.file("bed.json"), serde_json::to_string_pretty(&record)?)?)
}

/// Does all tasks at the same time; the first error in their order is the one that is told.
fn together<const N: usize>(tasks: [Task<'_>; N]) -> anyhow::Result<()> {
    thread::scope(|scope| {
        let threads = tasks.map(|task| scope.spawn(task));
        let results = threads.map(|thread| thread.join().unwrap_or_else(|_| Err(anyhow!("a task panicked"))));
        results.into_iter().collect()
    })
}
