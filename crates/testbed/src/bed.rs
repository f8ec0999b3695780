//! The bed: a real Kubernetes, istiod and Envoys on this machine, in network namespaces instead of containers.
//!
//! [`Bed::up`] makes one, [`Bed::open`] finds it again from another process, [`Bed::down`] leaves nothing of it. Beds
//! of different names live side by side. Everything a test wants to do to a bed is a method here; how the parts work
//! is in the modules below. It knows nothing of the plugin.

mod cache;
mod certificates;
mod commands;
mod envoy;
mod faulty;
mod go;
mod handle;
mod inspection;
mod intercepting;
mod istiod;
mod kubernetes;
mod layout;
mod manifest;
mod netns;
mod network;
mod node;
mod objects;
mod outside;
mod prerequisites;
mod process;
mod programs;
mod proxies;
mod start;
mod status;
mod topology;
mod users;
mod wait;

use std::{fs, ops::Deref, path::PathBuf};

use anyhow::Context as _;
pub use rustix::process::Signal;

pub use self::{
    faulty::{Fault, FaultyServer},
    handle::Bed,
    intercepting::{Intercept, InterceptedRequest, InterceptingServer},
    status::ProcessStatus,
    topology::{
        BedControlPlane, BedNode, Client, Gateway, GatewayPod, GatewayServicePort, OutboundTrafficPolicy,
        Taint, Topology,
    },
    users::User,
};
use self::{handle::BedRecord, layout::BedLayout};
use crate::progress;

/// A bed that goes down when it is dropped.
#[derive(Debug)]
pub struct BedGuard(Bed);

impl Bed {
    /// Makes a bed and waits until all of it is ready. What is left of a bed of this name is removed before.
    pub fn up(name: &str, topology: &Topology) -> anyhow::Result<Self> {
        let layout = layout(name)?;
        prerequisites::check()?;
        let programs = programs::prepare()?;
        let bed = Self::new(layout, BedRecord { topology: topology.clone(), programs })?;
        bed.down()?;
        if let Err(error) = start::start(&bed) {
            netns::remove_all(&bed.layout.netns_prefix())?;
            let logs = bed.layout.file("log");
            return Err(
                error.context(format!("bed {name} did not come up; its logs are in {}", logs.display()))
            );
        }
        Ok(bed)
    }

    /// Finds a bed that is up.
    pub fn open(name: &str) -> anyhow::Result<Self> {
        let layout = layout(name)?;
        let record = fs::read_to_string(layout.file("bed.json"))
            .ok()
            .filter(|_| netns::path(&layout.control_plane()).exists())
            .with_context(|| format!("no bed {name} is up: cargo xtask bed up --name {name}"))?;
        prerequisites::root()?;
        Self::new(layout, serde_json::from_str(&record)?)
    }

    /// Ends every process of the bed and removes its namespaces, links and files.
    pub fn down(&self) -> anyhow::Result<()> {
        remove(&self.layout)
    }

    /// The same for the bed of a name, of which nothing or only a part may be up.
    pub fn remove(name: &str) -> anyhow::Result<()> {
        remove(&layout(name)?)
    }

    /// Ties the bed to a value: it goes down when that is dropped, however a test ends.
    pub fn guard(self) -> BedGuard {
        BedGuard(self)
    }
}

impl Deref for BedGuard {
    type Target = Bed;

    fn deref(&self) -> &Bed {
        &self.0
    }
}

impl Drop for BedGuard {
    fn drop(&mut self) {
        if let Err(error) = self.0.down() {
            progress::tell(format_args!("bed {} did not go down: {error:#}", self.0.name()));
        }
    }
}

/// What the machine lacks for a bed: the error has a line for each thing, with what to type.
pub fn check() -> anyhow::Result<()> {
    prerequisites::check()
}

/// What this machine's Go lacks, with what to type.
pub fn go() -> Option<String> {
    prerequisites::go()
}

/// Builds and downloads the programs of a bed ahead of their first use.
pub fn prepare() -> anyhow::Result<()> {
    programs::prepare().map(drop)
}

/// The program that is kubectl when its name says so, built where it is not there. Needs no root.
pub fn kubectl() -> anyhow::Result<PathBuf> {
    programs::kube()
}

/// The folder of krew and of its index's validator, built where they are not there. Needs no root.
pub fn krew() -> anyhow::Result<PathBuf> {
    programs::krew()
}

/// The program that says what istiod would send, built where it is not there. Needs no root.
pub(crate) fn oracle() -> anyhow::Result<PathBuf> {
    programs::oracle()
}

/// The program that is istioctl when its first argument says so, built where it is not there.
pub fn istioctl() -> anyhow::Result<PathBuf> {
    Ok(programs::prepare()?.mesh)
}

/// The folder of kubectl and istioctl by themselves, as their releases are built.
pub fn peers() -> anyhow::Result<PathBuf> {
    programs::peers()
}

fn layout(name: &str) -> anyhow::Result<BedLayout> {
    BedLayout::new(name, &cache::directory()?.join("beds"))
}

fn remove(layout: &BedLayout) -> anyhow::Result<()> {
    prerequisites::root()?;
    netns::remove_all(&layout.netns_prefix())?;
    let directory = layout.directory();
    if directory.exists() {
        fs::remove_dir_all(directory).with_context(|| format!("cannot remove {}", directory.display()))?;
    }
    Ok(())
}
