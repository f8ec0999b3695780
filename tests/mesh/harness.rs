//! What the tests share: the mesh, ways to use the plugin on it, and ways to see what came of it.
//!
//! Knows the bed's default topology. Knows nothing of what the plugin should do.

mod audit;
mod calls;
mod cleaning;
mod expect;
mod load;
mod plugin;
mod policies;

use std::{
    env, fmt,
    io::{self, Write as _},
    net::IpAddr,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, kill_process};
use tempfile::TempDir;
use testbed::{
    bed::{Bed, BedGuard, InterceptedRequest, Signal, Topology},
    external_services::record::{self, RecordLine},
};

pub(crate) use self::{
    audit::Mark,
    calls::Answer,
    load::{Fates, now_ms},
    plugin::{Ended, Running},
    policies::{Configured, Directory, configuration, rules},
};

/// A test: what it shows, and the function that shows it.
pub(crate) type Test = (&'static str, fn(&Mesh) -> anyhow::Result<()>);

/// A pod of the topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
}

/// Calls out from `shop`.
pub(crate) const SHOP: Pod = Pod { namespace: "shop", name: "client" };
/// Calls out from `billing`.
pub(crate) const BILLING: Pod = Pod { namespace: "billing", name: "client" };
/// In `shop`, without a sidecar.
pub(crate) const BARE: Pod = Pod { namespace: "shop", name: "bare" };
/// The pods of the gateway.
pub(crate) const GATEWAYS: [Pod; 2] = [
    Pod { namespace: "istio-system", name: "istio-egressgateway-0" },
    Pod { namespace: "istio-system", name: "istio-egressgateway-1" },
];

/// How long anything on the mesh may take that is not a test's own subject.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// What the bed's controllers are called, for `guard apply`; in other clusters they are service accounts of kube-system.
pub(crate) const ENDPOINT_WRITER: [&str; 2] = ["--endpoint-writer", "kube-controller-manager"];

/// The mesh that all tests run on.
#[derive(Debug)]
pub(crate) struct Mesh {
    bed: Owned,
    home: TempDir,
}

/// A bed of our own goes down in the end, one that was lent does not.
#[derive(Debug)]
enum Owned {
    Ours(BedGuard),
    Lent(Bed),
}

/// Something that stands still; it goes on when this is dropped.
#[derive(Debug)]
pub(crate) struct Paused<'a> {
    bed: &'a Bed,
    what: Still,
}

#[derive(Debug, Clone)]
enum Still {
    Envoy(Pod),
    Part(String),
}

impl Mesh {
    /// Brings the mesh up, or opens the one that `MESH_BED` names. With `MESH_GUARD=deny` the guard stands before the
    /// first test, so that every topic shows that it keeps nobody from healthy work.
    pub(crate) fn up() -> anyhow::Result<Self> {
        let bed = match env::var("MESH_BED") {
            Ok(name) => Owned::Lent(Bed::open(&name)?),
            Err(_) => Owned::Ours(Bed::up("mesh", &Topology::standard()?)?.guard()),
        };
        let mesh = Self { bed, home: TempDir::new()? };
        match env::var("MESH_GUARD").as_deref() {
            Ok("deny") => {
                mesh.done(&[&["guard", "apply", "--deny", "-y"], &ENDPOINT_WRITER[..]].concat()).map(drop)?;
            }
            Ok(other) => anyhow::bail!("MESH_GUARD: expected `deny`, found {other:?}"),
            Err(_) => {}
        }
        Ok(mesh)
    }

    /// A mesh of another kind, beside this one, with its name and these letters.
    pub(crate) fn beside(&self, letters: &str, topology: &Topology) -> anyhow::Result<Self> {
        let name = format!("{:.12}{letters}", self.bed().name());
        let bed = Owned::Ours(Bed::up(&name, topology)?.guard());
        Ok(Self { bed, home: TempDir::new()? })
    }

    /// Where whoever runs the plugin keeps files of their own.
    fn home(&self) -> &Path {
        self.home.path()
    }

    /// The bed underneath.
    pub(crate) fn bed(&self) -> &Bed {
        match &self.bed {
            Owned::Ours(guard) => guard,
            Owned::Lent(bed) => bed,
        }
    }

    /// Makes the Envoy of a pod stand still.
    pub(crate) fn pause(&self, pod: Pod) -> anyhow::Result<Paused<'_>> {
        Paused::new(self.bed(), Still::Envoy(pod))
    }

    /// Makes a part of the control plane stand still, see [`Bed::pid`].
    pub(crate) fn pause_part(&self, part: &str) -> anyhow::Result<Paused<'_>> {
        Paused::new(self.bed(), Still::Part(part.to_owned()))
    }

    /// The address of a pod, as the origin would see it.
    pub(crate) fn address(&self, pod: Pod) -> anyhow::Result<IpAddr> {
        Ok(self.bed().pod_address(pod.namespace, pod.name)?.into())
    }

    /// Whether this is the address of a gateway pod.
    pub(crate) fn is_gateway(&self, peer: IpAddr) -> anyhow::Result<bool> {
        let addresses = GATEWAYS.iter().map(|pod| self.address(*pod));
        Ok(addresses.collect::<anyhow::Result<Vec<_>>>()?.contains(&peer))
    }

    /// Everything that has arrived at the origin since the bed came up, in order.
    pub(crate) fn arrived(&self) -> anyhow::Result<Vec<RecordLine>> {
        record::read_entries(self.bed().origin_log())
    }
}

impl<'a> Paused<'a> {
    fn new(bed: &'a Bed, what: Still) -> anyhow::Result<Self> {
        let paused = Self { bed, what };
        paused.signal(Signal::STOP)?;
        Ok(paused)
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        match &self.what {
            Still::Envoy(pod) => self.bed.signal_envoy(pod.namespace, pod.name, signal),
            Still::Part(part) => {
                let pid = Pid::from_raw(self.bed.pid(part)?).context("no process")?;
                Ok(kill_process(pid, signal)?)
            }
        }
    }
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        // What cannot go on any more has ended, and the next test will say so.
        let _ = self.signal(Signal::CONT);
    }
}

impl fmt::Display for Pod {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

/// Tries until there is a value, never longer than the limit; the error has what went wrong last.
pub(crate) fn eventually<T>(
    what: &str,
    limit: Duration,
    mut attempt: impl FnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let begin = Instant::now();
    loop {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(error) if begin.elapsed() > limit => {
                return Err(error).with_context(|| format!("waited {limit:?} for {what}"));
            }
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Whether a request is to store something of an object of Istio.
pub(crate) fn is_write(request: &InterceptedRequest) -> bool {
    let of_istio = request.target.starts_with("/apis/networking.istio.io/");
    of_istio && request.method != "GET" && !request.target.contains("dryRun=All")
}

/// Says a figure of a test, beside what the test runner says.
pub(crate) fn say(text: impl fmt::Display) {
    // Nothing sensible is left to do when stderr is closed.
    let _ = writeln!(io::stderr(), "{text}");
}

/// The program under test: of `KUBECTL_EGRESS`, or beside this one.
pub(crate) fn program() -> anyhow::Result<std::path::PathBuf> {
    if let Some(path) = env::var_os("KUBECTL_EGRESS") {
        return Ok(path.into());
    }
    let current = env::current_exe()?;
    let folder = current.parent().and_then(Path::parent).context("no folder of programs")?;
    let beside = folder.join("kubectl-egress");
    if !beside.exists() {
        bail!("{} is missing: cargo build -p kubectl-egress", beside.display());
    }
    Ok(beside)
}
