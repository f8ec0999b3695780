//! The simulation of `egress_core::istio` beside real Envoys: calls from pods, what the simulation says of them over the
//! cluster as it is read, and what came of them.
//!
//! `xtask oracle` compares the simulation with what istiod would send; here the Envoys themselves decide, above all where
//! they look into bytes before they choose.

mod call;
mod seen;
mod servers;
mod simulated;

use std::{collections::BTreeSet, fmt};

use anyhow::{Context as _, ensure};
use egress_core::kind::Kind;

use self::{
    call::{Beginning, SampleCall, http, tls, tls_without_name},
    seen::SampleEnd,
    servers::PodServers,
    simulated::ReadCluster,
};
use super::harness::{BILLING, Mesh, Pod, SHOP, Test, say};

pub(crate) const TESTS: &[Test] = &[("what_the_simulation_says_happens_in_real_envoys", compare)];

const ORIGIN: &str = "198.51.100.10";
const BY_ADDRESS: &str = include_str!("samples/by_address.yaml");
const BY_NAME: &str = include_str!("samples/by_name.yaml");
const INSIDE: &str = include_str!("samples/inside.yaml");

/// A line of the table.
struct SampleRow {
    call: SampleCall,
    simulated: BTreeSet<SampleEnd>,
    seen: SampleEnd,
}

impl SampleRow {
    fn differs(&self) -> bool {
        !self.simulated.contains(&self.seen)
    }
}

impl fmt::Display for SampleRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, simulated, seen } = self;
        let simulated: Vec<String> = simulated.iter().map(ToString::to_string).collect();
        write!(formatter, "{call}: simulated {}, seen {seen}", simulated.join(" or "))
    }
}

fn compare(mesh: &Mesh) -> anyhow::Result<()> {
    let servers = PodServers::start(mesh)?;
    let outcome = all(mesh, &servers);
    // Nobody else takes these away.
    for (object, namespace) in [
        ("service/samples-meshed", "billing"),
        ("service/samples-disabled", "billing"),
        ("service/samples-bare", "shop"),
        ("envoyfilter/samples-idle", "billing"),
        // Envoy keeps the routes of a port without a protocol while its listener drains: too long for others to wait for.
        ("serviceentry.networking.istio.io/undeclared", "shop"),
    ] {
        mesh.bed().kubectl(&["delete", object, "--namespace", namespace, "--ignore-not-found"])?;
    }
    outcome
}

fn all(mesh: &Mesh, servers: &PodServers) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    mesh.done(&["add", "edition.cnn.com", "-n", "shop"])?;
    mesh.done(&["add", "api.github.com", "-n", "billing", "--layout", "documented"])?;
    mesh.done(&["add", "h.example.test", "-n", "shop", "--layout", "endpoints"])?;
    rows.extend(tried(mesh, servers, layouts())?);
    control(mesh, servers)?;
    for (objects, calls) in [(BY_ADDRESS, by_address()), (BY_NAME, by_name())] {
        mesh.apply_everywhere(objects)?;
        rows.extend(tried(mesh, servers, calls)?);
    }
    unheard(mesh, servers)?;
    mesh.apply_everywhere(INSIDE)?;
    rows.extend(tried(mesh, servers, inside(mesh)?)?);

    let kinds: BTreeSet<_> = rows.iter().map(|row| row.seen.kind()).collect();
    let different: Vec<String> = rows.iter().filter(|row| row.differs()).map(ToString::to_string).collect();
    say(format_args!(
        "  {} calls, {} sorts of ends: {} differences",
        rows.len(),
        kinds.len(),
        different.len()
    ));
    ensure!(rows.len() >= 30 && kinds.len() >= 8, "the samples show too little: {kinds:?}");
    ensure!(different.is_empty(), "the simulation and the Envoys differ: {different:#?}");
    Ok(())
}

/// Where no protocol is declared, a sidecar waits for the client's first bytes, and a client that waits for the server's
/// waits for ever. A call of the simulation always has first bytes.
fn unheard(mesh: &Mesh, servers: &PodServers) -> anyhow::Result<()> {
    let call = SampleCall::bytes(SHOP, "198.51.100.63", 9001, Beginning::Server);
    let seen = seen::make(mesh, servers, &call)?;
    ensure!(seen == SampleEnd::Silence, "{call} was heard: {seen}");
    Ok(())
}

/// Without the routes in what it reads, the simulation says something else than what happens, and that is seen.
fn control(mesh: &Mesh, servers: &PodServers) -> anyhow::Result<()> {
    let mut cluster = ReadCluster::read(mesh)?;
    cluster.snapshot.resources.retain(|resource| resource.id.kind != Kind::VirtualService);
    let call = http(SHOP, ORIGIN, "edition.cnn.com");
    let row = SampleRow { simulated: cluster.ends(&call), seen: seen::make(mesh, servers, &call)?, call };
    ensure!(row.differs(), "the control is not told as a difference: this test is blind");
    Ok(())
}

/// Makes these calls, and asks the simulation about each over the cluster as it is now.
fn tried(mesh: &Mesh, servers: &PodServers, calls: Vec<SampleCall>) -> anyhow::Result<Vec<SampleRow>> {
    let cluster = ReadCluster::read(mesh)?;
    let row = |call: SampleCall| {
        let simulated = cluster.ends(&call);
        Ok(SampleRow { seen: seen::make(mesh, servers, &call)?, simulated, call })
    };
    calls.into_iter().map(row).collect()
}

/// The layouts of the program, and calls that none of its objects means.
fn layouts() -> Vec<SampleCall> {
    let mut calls = Vec::new();
    for (caller, host) in [(SHOP, "edition.cnn.com"), (BILLING, "api.github.com"), (SHOP, "h.example.test")] {
        calls.push(http(caller, ORIGIN, host));
        calls.push(tls(caller, ORIGIN, 443, host));
    }
    calls.extend([
        // Another protocol than the one that the port is declared with.
        http(SHOP, ORIGIN, "edition.cnn.com:443"),
        tls(SHOP, ORIGIN, 80, "edition.cnn.com"),
        SampleCall::bytes(SHOP, ORIGIN, 80, Beginning::Client),
        SampleCall::bytes(SHOP, ORIGIN, 443, Beginning::Client),
        tls_without_name(SHOP, ORIGIN, 443),
        // Hosts, ports and namespaces that nobody added.
        http(SHOP, ORIGIN, "nobody.example.net"),
        tls(SHOP, ORIGIN, 443, "nobody.example.net"),
        http(SHOP, ORIGIN, "edition.cnn.com:8080"),
        SampleCall::bytes(SHOP, ORIGIN, 9000, Beginning::Client),
        http(BILLING, ORIGIN, "edition.cnn.com"),
        tls(BILLING, ORIGIN, 443, "edition.cnn.com"),
    ]);
    calls
}

fn by_address() -> Vec<SampleCall> {
    vec![
        SampleCall::bytes(SHOP, "198.51.100.60", 9000, Beginning::Client),
        SampleCall::bytes(SHOP, "198.51.100.62", 9000, Beginning::Client),
        SampleCall::bytes(BILLING, "198.51.100.60", 9000, Beginning::Client),
        http(SHOP, "198.51.100.63", "undeclared.example.test:8080"),
        tls(SHOP, "198.51.100.63", 8443, "undeclared.example.test"),
        SampleCall::bytes(SHOP, "198.51.100.63", 9000, Beginning::Client),
        SampleCall::bytes(SHOP, "198.51.100.64", 9001, Beginning::Server),
        tls(SHOP, "198.51.100.65", 8443, "sni.example.test"),
        tls(SHOP, "198.51.100.65", 8443, "other.example.test"),
    ]
}

fn by_name() -> Vec<SampleCall> {
    let mut calls = vec![
        http(SHOP, ORIGIN, "a.wild.example.test"),
        tls(SHOP, ORIGIN, 443, "a.b.wild.example.test"),
        tls(SHOP, ORIGIN, 443, "wild.example.test"),
        tls(SHOP, ORIGIN, 443, "a.gated.example.test"),
        http(SHOP, ORIGIN, "a.gated.example.test"),
    ];
    for name in ["nobody-opens", "no-subset", "no-rule-at-gateway", "no-endpoint"] {
        calls.push(http(SHOP, ORIGIN, &format!("{name}.example.test")));
        calls.push(tls(SHOP, ORIGIN, 443, &format!("{name}.example.test")));
    }
    calls.extend([
        tls(SHOP, ORIGIN, 443, "other-name.example.test"),
        tls(SHOP, ORIGIN, 443, "unmatched.example.test"),
        http(SHOP, ORIGIN, "answered.example.test"),
        http(SHOP, ORIGIN, "redirected.example.test"),
        http(SHOP, ORIGIN, "both.example.test"),
        http(SHOP, ORIGIN, "path.example.test"),
    ]);
    calls
}

fn inside(mesh: &Mesh) -> anyhow::Result<Vec<SampleCall>> {
    let address = |name: &str, namespace: &str| {
        let field = "--output=jsonpath={.spec.clusterIP}";
        mesh.bed().kubectl(&["get", "service", name, "--namespace", namespace, field])
    };
    let service = |caller: Pod, name: &str, namespace: &str, port: u16| {
        let host = format!("{name}.{namespace}:{port}");
        anyhow::Ok(http(caller, &address(name, namespace)?, &host))
    };
    Ok(vec![
        http(BILLING, ORIGIN, "nobody.example.net"),
        tls(BILLING, ORIGIN, 443, "nobody.example.net"),
        SampleCall::bytes(BILLING, ORIGIN, 9000, Beginning::Client),
        SampleCall::bytes(BILLING, ORIGIN, 9997, Beginning::Client),
        http(BILLING, ORIGIN, "edition.cnn.com"),
        service(SHOP, "samples-meshed", "billing", 8443)?,
        service(SHOP, "samples-disabled", "billing", 8080)?,
        service(SHOP, "samples-bare", "shop", 8080).context("a Service without a sidecar")?,
        http(SHOP, ORIGIN, "originated.example.test"),
    ])
}
