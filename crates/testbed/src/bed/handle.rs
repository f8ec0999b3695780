//! A bed as a value: where it lies, what is in it, and the programs it is made of. Knows nothing of how it starts and ends.

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::{
    layout::{BedLayout, BedPod, pods},
    programs::Programs,
    topology::Topology,
};
use crate::external_services;

/// A running bed.
#[derive(Debug)]
pub struct Bed {
    pub(super) layout: BedLayout,
    pub(super) topology: Topology,
    pub(super) pods: Vec<BedPod>,
    pub(super) programs: Programs,
    pub(super) external_services: external_services::Config,
}

/// What another process needs to know of a bed.
#[derive(Serialize, Deserialize)]
pub(super) struct BedRecord {
    pub(super) topology: Topology,
    pub(super) programs: Programs,
}

impl Bed {
    /// Its name.
    pub fn name(&self) -> &str {
        self.layout.name()
    }

    /// The network namespace of its control plane, as `ip netns` calls it.
    pub fn network(&self) -> String {
        self.layout.control_plane()
    }

    pub(super) fn new(layout: BedLayout, record: BedRecord) -> anyhow::Result<Self> {
        let external_services = external_services::Config::in_directory(layout.directory());
        let pods = pods(&record.topology)?;
        Ok(Self { layout, pods, topology: record.topology, programs: record.programs, external_services })
    }

    pub(super) fn pod(&self, namespace: &str, name: &str) -> anyhow::Result<&BedPod> {
        let found = self.pods.iter().find(|pod| pod.namespace == namespace && pod.name == name);
        found.with_context(|| format!("the bed has no pod {namespace}/{name}"))
    }
}
