//! The network of a bed: a namespace for the control plane with a bridge in it, one for each pod, one for the
//! external services. Nothing of it is visible outside these namespaces, so beds need no addresses of their own.
//!
//! It knows nothing of what runs in the namespaces.

use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    net::Ipv4Addr,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use super::{
    handle::Bed,
    layout::{
        BedLayout, BedPod, CLUSTER_NETWORK, CONTROL_PLANE, OUTSIDE_NETWORK, PodKind, SERVICE_NETWORK,
        istiod_address,
    },
    netns,
    topology::BedControlPlane,
};
use crate::external_services::Config;

/// Makes all namespaces, links, addresses and routes.
pub(super) fn create(bed: &Bed) -> anyhow::Result<()> {
    let (layout, services) = (&bed.layout, &bed.external_services);
    let control_plane = layout.control_plane();
    let files = NamespaceFiles { services, hosts: hosts(&bed.topology.control_planes)? };
    namespace(&control_plane, &files)?;
    ip(
        &control_plane,
        &format!(
            "link set lo up\n\
             link add cluster type bridge\n\
             addr add {CONTROL_PLANE}/24 dev cluster\n\
             link set cluster up\n\
             route add {OUTSIDE_NETWORK} dev cluster\n"
        ),
    )?;

    let outside = layout.outside();
    namespace(&outside, &files)?;
    let addresses = format!(
        "addr add {}/24 dev eth0\n\
         addr add {}/24 dev eth0\n\
         link set eth0 up\n\
         route add {CLUSTER_NETWORK} dev eth0\n",
        services.origin,
        services.dns.ip()
    );
    connect(&control_plane, &outside, "outside", &addresses)?;

    for index in 1..bed.topology.control_planes.len() {
        let netns = layout.istiod(index);
        namespace(&netns, &files)?;
        let addresses = format!("addr add {}/24 dev eth0\nlink set eth0 up\n", istiod_address(index)?);
        connect(&control_plane, &netns, &format!("istiod{index}"), &addresses)?;
    }
    pods(layout, &bed.pods, &files)
}

/// What the programs in a namespace know by name.
struct NamespaceFiles<'a> {
    services: &'a Config,
    /// The file of that name.
    hosts: String,
}

fn pods(layout: &BedLayout, pods: &[BedPod], files: &NamespaceFiles<'_>) -> anyhow::Result<()> {
    let control_plane = layout.control_plane();
    for (index, pod) in pods.iter().enumerate() {
        let netns = layout.pod(&pod.namespace, &pod.name);
        namespace(&netns, files)?;
        let addresses = format!(
            "addr add {}/24 dev eth0\n\
             link set eth0 up\n\
             route add {OUTSIDE_NETWORK} dev eth0\n\
             route add {SERVICE_NETWORK} dev eth0\n",
            pod.address
        );
        connect(&control_plane, &netns, &format!("pod{index}"), &addresses)?;
        match pod.kind {
            PodKind::Sidecar => redirect(&netns)?,
            PodKind::Gateway => serve_ports_of_service(&netns)?,
            PodKind::BrokenGateway | PodKind::Bare => {}
        }
    }
    Ok(())
}

/// The group of the proxies, whose traffic is not redirected into them again. Istio's own rules know the user 1337
/// as well, but that user could not read the programs in another user's home.
pub(super) const PROXY_GROUP: u32 = 1337;

/// Sends everything that leaves the namespace to the sidecar's port for outgoing traffic.
fn redirect(netns: &str) -> anyhow::Result<()> {
    let rules = format!(
        "*nat\n\
         -A OUTPUT -p tcp -m owner --gid-owner {PROXY_GROUP} -j RETURN\n\
         -A OUTPUT -p tcp -d {}/8 -j RETURN\n\
         -A OUTPUT -p tcp -j REDIRECT --to-ports 15001\n\
         COMMIT\n",
        Ipv4Addr::LOCALHOST
    );
    feed(&mut netns::command(netns, "iptables-restore"), &rules)
}

/// Lets the pod of a gateway answer on the ports of its Service, too: there is no kube-proxy, and the name of the Service
/// leads to the pods.
fn serve_ports_of_service(netns: &str) -> anyhow::Result<()> {
    let rules = "*nat\n\
         -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080\n\
         -A PREROUTING -p tcp --dport 443 -j REDIRECT --to-ports 8443\n\
         COMMIT\n";
    feed(&mut netns::command(netns, "iptables-restore"), rules)
}

fn hosts(istiods: &[BedControlPlane]) -> anyhow::Result<String> {
    let mut hosts = "127.0.0.1 localhost\n".to_owned();
    for (index, istiod) in istiods.iter().enumerate() {
        // Writing to a text cannot fail.
        let _ = writeln!(hosts, "{} {}", istiod_address(index)?, istiod.host());
    }
    Ok(hosts)
}

fn namespace(netns: &str, files: &NamespaceFiles<'_>) -> anyhow::Result<()> {
    let status = Command::new("ip").args(["netns", "add", netns]).status()?;
    ensure!(status.success(), "cannot make network namespace {netns}");
    let configuration = netns::configuration(netns);
    fs::create_dir_all(&configuration)
        .with_context(|| format!("cannot create {}", configuration.display()))?;
    fs::write(configuration.join("resolv.conf"), format!("nameserver {}\n", files.services.dns.ip()))?;
    fs::write(configuration.join("hosts"), &files.hosts)?;
    Ok(())
}

/// Puts `eth0` into the namespace, with its other end on the bridge.
fn connect(control_plane: &str, netns: &str, port: &str, addresses: &str) -> anyhow::Result<()> {
    ip(
        control_plane,
        &format!(
            "link add {port} type veth peer name eth0 netns {netns}\n\
             link set {port} master cluster up\n"
        ),
    )?;
    ip(netns, &format!("link set lo up\n{addresses}"))
}

fn ip(netns: &str, batch: &str) -> anyhow::Result<()> {
    feed(Command::new("ip").args(["-netns", netns, "-batch", "-"]), batch)
}

fn feed(command: &mut Command, input: &str) -> anyhow::Result<()> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    child.stdin.take().context("no standard input")?.write_all(input.as_bytes())?;
    ensure!(child.wait()?.success(), "{command:?} failed for\n{input}");
    Ok(())
}
