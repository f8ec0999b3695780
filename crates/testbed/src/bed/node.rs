//! The stand-in for kubelets: one process that serves exec, logs and port-forward of all pods.
//!
//! It knows what `tests/bed/node` expects on disk, and nothing of how that works.

use std::{fs, net::TcpStream, os::unix::fs::symlink, time::Duration};

use super::{certificates::Pair, handle::Bed, layout::CONTROL_PLANE, netns, objects::NODE_PORT, process};

const LIMIT: Duration = Duration::from_secs(10);

/// Starts the stand-in and waits until it listens.
pub(super) fn start(bed: &Bed, certificate: &Pair) -> anyhow::Result<()> {
    let directory = bed.layout.file("node");
    let istiods = bed.topology.control_planes.iter().enumerate().map(|(index, istiod)| {
        let name = istiod.name();
        (istiod.namespace.as_str(), format!("{name}-0"), name, bed.layout.istiod(index), "discovery.log")
    });
    let pods = bed.pods.iter().map(|pod| {
        let netns = bed.layout.pod(&pod.namespace, &pod.name);
        (pod.namespace.as_str(), pod.name.clone(), pod.part(), netns, "istio-proxy.log")
    });
    for (namespace, name, part, netns, log) in pods.chain(istiods) {
        let folder = directory.join(format!("{namespace}_{name}"));
        fs::create_dir_all(&folder)?;
        symlink(netns::path(&netns), folder.join("netns"))?;
        // Applications have nothing to say: what runs in them comes by exec.
        fs::write(folder.join("app.log"), "")?;
        symlink(bed.layout.log(&part), folder.join(log))?;
    }
    let mut command = netns::command(&bed.layout.control_plane(), &bed.programs.node);
    command
        .arg("-pods")
        .arg(&directory)
        .arg("-certificate")
        .arg(&certificate.certificate)
        .arg("-key")
        .arg(&certificate.key)
        .arg(format!("-listen={CONTROL_PLANE}:{NODE_PORT}"));
    process::start(&bed.layout, "node", command)?.until(LIMIT, || Ok(is_ready(bed)))
}

/// Whether it accepts connections.
pub(super) fn is_ready(bed: &Bed) -> bool {
    let connect = || TcpStream::connect((CONTROL_PLANE, NODE_PORT)).is_ok();
    netns::inside(&bed.layout.control_plane(), connect).unwrap_or(false)
}
