//! Where the parts of one bed are: its folder, its network namespaces, its addresses. Pure: it touches nothing.

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};

use super::topology::{BedControlPlane, Topology};

/// Where istiod, the API server and the node answer.
pub(super) const CONTROL_PLANE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The network of the cluster, which every bed has for itself.
pub(super) const CLUSTER_NETWORK: &str = "192.0.2.0/24";
/// The network of the external services.
pub(super) const OUTSIDE_NETWORK: &str = "198.51.100.0/24";
/// Cluster addresses of Services; nothing listens there, the sidecars know the pods behind.
pub(super) const SERVICE_NETWORK: &str = "198.19.0.0/16";

const MOST_ISTIODS: usize = 10;
const FIRST_GATEWAY: u8 = 20;
const FIRST_CLIENT: u8 = 120;
const PER_RANGE: usize = 100;

/// The folders and names of one bed, made from its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BedLayout {
    name: String,
    directory: PathBuf,
}

/// A pod of the bed, with its node and its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BedPod {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) service_account: String,
    pub(super) node: String,
    pub(super) address: Ipv4Addr,
    pub(super) labels: Vec<(String, String)>,
    pub(super) kind: PodKind,
    pub(super) istiod: BedControlPlane,
}

/// What a pod is in the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PodKind {
    /// A gateway's proxy.
    Gateway,
    /// A gateway's pod that never became ready.
    BrokenGateway,
    /// An application with a proxy that takes all its traffic.
    Sidecar,
    /// An application alone.
    Bare,
}

impl BedLayout {
    /// A bed of this name whose files are below `beds`. A dash in the name would let the namespaces of one bed
    /// look like those of another.
    pub(super) fn new(name: &str, beds: &Path) -> anyhow::Result<Self> {
        ensure!(
            (1..=16).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()),
            "the name of a bed is 1 to 16 lower-case letters and digits, not {name:?}"
        );
        Ok(Self { name: name.to_owned(), directory: beds.join(name) })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Everything that the bed writes is in here.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub(super) fn log(&self, part: &str) -> PathBuf {
        self.directory.join("log").join(format!("{}.log", part.replace('/', "_")))
    }

    pub(super) fn pid_file(&self, part: &str) -> PathBuf {
        self.directory.join("pid").join(part.replace('/', "_"))
    }

    /// What the names of all network namespaces of this bed begin with, and of no other.
    pub(super) fn netns_prefix(&self) -> String {
        format!("eg-{}-", self.name)
    }

    pub(super) fn control_plane(&self) -> String {
        self.netns_prefix() + "cp"
    }

    /// The network namespace of an istiod, by its place in the topology. The first has that of the API server.
    pub(super) fn istiod(&self, index: usize) -> String {
        if index == 0 { self.control_plane() } else { format!("{}cp{index}", self.netns_prefix()) }
    }

    pub(super) fn outside(&self) -> String {
        self.netns_prefix() + "ext"
    }

    /// The network namespace of a pod: unlike the two above it has a dot, which no Kubernetes namespace has.
    pub(super) fn pod(&self, namespace: &str, pod: &str) -> String {
        format!("{}{namespace}.{pod}", self.netns_prefix())
    }
}

impl BedPod {
    /// `namespace/name`: what the part of the bed is called that runs in it.
    pub(super) fn part(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// Whether a proxy runs in it.
    pub(super) fn has_proxy(&self) -> bool {
        matches!(self.kind, PodKind::Gateway | PodKind::Sidecar)
    }
}

/// The address of an istiod, by its place in the topology.
pub(super) fn istiod_address(index: usize) -> anyhow::Result<Ipv4Addr> {
    ensure!(index < MOST_ISTIODS, "a bed has at most {MOST_ISTIODS} istiods");
    let [a, b, c, first] = CONTROL_PLANE.octets();
    Ok(Ipv4Addr::new(a, b, c, first + u8::try_from(index)?))
}

/// The pods of a topology, each with an address of its own.
pub(super) fn pods(topology: &Topology) -> anyhow::Result<Vec<BedPod>> {
    let first = topology.control_planes.first().context("no istiod")?;
    let gateways = topology.gateways.iter().flat_map(|gateway| {
        gateway.pods.iter().enumerate().map(move |(index, pod)| BedPod {
            namespace: gateway.namespace.clone(),
            name: format!("{}-{index}", gateway.name),
            service_account: format!("{}-service-account", gateway.name),
            node: pod.node.clone(),
            address: CONTROL_PLANE,
            labels: gateway.labels().into_iter().collect(),
            kind: if pod.ready { PodKind::Gateway } else { PodKind::BrokenGateway },
            istiod: first.clone(),
        })
    });
    let clients = topology.clients.iter().map(|client| BedPod {
        namespace: client.namespace.clone(),
        name: client.name.clone(),
        service_account: client.service_account().to_owned(),
        node: client.node.clone(),
        address: CONTROL_PLANE,
        labels: [("app".to_owned(), client.name.clone())].into_iter().chain(client.labels.clone()).collect(),
        kind: if client.sidecar { PodKind::Sidecar } else { PodKind::Bare },
        istiod: topology
            .control_planes
            .iter()
            .find(|known| Some(&known.revision) == client.revision.as_ref())
            .unwrap_or(first)
            .clone(),
    });
    let pods = address(gateways, FIRST_GATEWAY)?.into_iter().chain(address(clients, FIRST_CLIENT)?).collect();
    Ok(pods)
}

fn address(pods: impl Iterator<Item = BedPod>, first: u8) -> anyhow::Result<Vec<BedPod>> {
    let [a, b, c, _] = CONTROL_PLANE.octets();
    let mut addressed = Vec::new();
    for (pod, last) in pods.zip(first..) {
        if addressed.len() == PER_RANGE {
            bail!("a bed has at most {PER_RANGE} gateway pods and {PER_RANGE} clients");
        }
        addressed.push(BedPod { address: Ipv4Addr::new(a, b, c, last), ..pod });
    }
    Ok(addressed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pod_has_an_address_of_its_own() {
        let pods = pods(&Topology::standard().unwrap()).unwrap();
        let mut addresses: Vec<_> = pods.iter().map(|pod| pod.address).collect();
        addresses.sort_unstable();
        addresses.dedup();
        assert_eq!(addresses.len(), 5);
        assert!(!addresses.contains(&CONTROL_PLANE));
    }

    #[test]
    fn a_name_that_could_be_mistaken_for_another_bed_is_refused() {
        for name in ["", "a-b", "UPPER", "../x", "abcdefghijklmnopq"] {
            assert!(BedLayout::new(name, Path::new("/beds")).is_err(), "{name:?}");
        }
    }

    #[test]
    fn no_pod_shares_a_network_namespace_with_the_bed_itself() {
        let layout = BedLayout::new("a", Path::new("/beds")).unwrap();
        assert_ne!(layout.pod("cp", "x"), layout.control_plane());
        assert_ne!(layout.pod("a", "b-c"), layout.pod("a-b", "c"));
    }
}
