//! The services outside the mesh, as a part of the bed: `xtask external-services` in a namespace of its own.
//!
//! It knows how they are started; what they do is in [`crate::external_services`].

use std::{
    collections::BTreeMap,
    env, fs,
    net::{Ipv4Addr, TcpStream},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context as _, ensure};

use super::{
    handle::Bed,
    layout::{BedPod, PodKind},
    netns, process,
    topology::Gateway,
};
use crate::external_services::{Config, zone::Zone};

const LIMIT: Duration = Duration::from_secs(10);

/// Starts them and waits until they listen.
pub(super) fn start(bed: &Bed, config: &Config) -> anyhow::Result<()> {
    bed.zone().save(&config.zone)?;
    let file = bed.layout.file("external-services.json");
    fs::write(&file, serde_json::to_string_pretty(config)?)?;
    let mut command = netns::command(&bed.layout.outside(), executable()?);
    command.arg("external-services").arg("--config").arg(file);
    process::start(&bed.layout, "external-services", command)?.until_it_says("ready", LIMIT)
}

impl Bed {
    /// The zone that the bed begins with.
    pub fn zone(&self) -> Zone {
        let standard = || match self.external_services.origin {
            std::net::IpAddr::V4(origin) => Zone { default: Some(vec![origin]), ..Zone::default() },
            std::net::IpAddr::V6(_) => Zone::default(),
        };
        let mut zone = self.topology.zone.clone().unwrap_or_else(standard);
        zone.names.extend(services(self));
        zone
    }
}

/// The names of the gateways' Services, which a cluster's own name server would know, with the pods that are ready.
fn services(bed: &Bed) -> BTreeMap<String, Vec<Ipv4Addr>> {
    let service = |gateway: &Gateway| {
        let of_gateway = |pod: &&BedPod| {
            pod.kind == PodKind::Gateway
                && pod.namespace == gateway.namespace
                && pod.name.rsplit_once('-').is_some_and(|(name, _)| name == gateway.name)
        };
        let addresses = bed.pods.iter().filter(of_gateway).map(|pod| pod.address).collect();
        (format!("{}.{}.svc.cluster.local", gateway.name, gateway.namespace), addresses)
    };
    bed.topology.gateways.iter().map(service).collect()
}

/// Whether the origin accepts connections.
pub(super) fn is_ready(bed: &Bed, config: &Config) -> bool {
    let connect = || config.http.iter().all(|port| TcpStream::connect((config.origin, *port)).is_ok());
    netns::inside(&bed.layout.outside(), connect).unwrap_or(false)
}

/// The program of the tasks, which `cargo xtask` is. A test is another program: it says in `XTASK` where that one is, or lies
/// beside it in `deps`.
pub(super) fn executable() -> anyhow::Result<PathBuf> {
    if let Some(path) = env::var_os("XTASK") {
        return Ok(path.into());
    }
    let current = env::current_exe()?;
    if current.file_stem().is_some_and(|name| name == "xtask") {
        return Ok(current);
    }
    let directory = current.parent().and_then(|parent| parent.parent()).context("no folder of programs")?;
    let beside = directory.join("xtask");
    ensure!(beside.exists(), "{} is missing: cargo build -p xtask", beside.display());
    Ok(beside)
}
