//! The calls of a case, and what they come to.
//!
//! Knows nothing of why.

use anyhow::{bail, ensure};
use serde::Deserialize;

use testbed::external_services::record::Event;

use super::super::harness::{Answer, BARE, BILLING, LIMIT, Mesh, Pod, SHOP, eventually};

/// A call, and what it comes to in each state of the case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    /// The pod, as `shop/client`.
    #[serde(default = "shop")]
    from: String,
    /// The URL.
    to: String,
    /// The address, where the application knows it without asking DNS.
    knows: Option<std::net::Ipv4Addr>,
    /// What the finding says of it, where that is neither a status nor a way.
    pub(super) told: Option<String>,
    #[serde(default)]
    pub(super) before: Fate,
    pub(super) broken: Fate,
    #[serde(default)]
    pub(super) repaired: Fate,
}

/// What a call comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Fate {
    /// It arrives at the origin, from a gateway pod.
    #[default]
    Gateway,
    /// It arrives at the origin, from the caller itself.
    Direct,
    /// The caller's sidecar does not know the host: 502, or a closed connection. Nothing arrives.
    Refused,
    /// Somebody on the way closes the connection. Nothing arrives.
    Reset,
    /// Nothing comes back in time.
    Hangs,
    /// An answer with this status, of a proxy.
    #[serde(untagged)]
    Status(u16),
}

/// What somebody on the way says who did not wait for the answer: the request itself arrived.
const NOT_WAITED: Fate = Fate::Status(504);

/// Every call comes to what it must, sooner or later: proxies learn of a change after the API server has stored it.
pub(super) fn expect(mesh: &Mesh, calls: &[Call], fate: impl Fn(&Call) -> &Fate) -> anyhow::Result<()> {
    for call in calls {
        let (pod, wanted) = (call.pod()?, fate(call));
        eventually(&format!("the call of {pod} to {} to end as {wanted:?}", call.to), LIMIT, || {
            let before = mesh.arrived()?.len();
            let answer = mesh.get_at(pod, &call.to, call.knows)?;
            let came_to = came_to(mesh, pod, &answer)?;
            ensure!(is(came_to, *wanted, &call.to), "it came to {came_to:?}: {answer:?}");
            let may_arrive = matches!(came_to, Fate::Gateway | Fate::Direct);
            let mut arrived = mesh.arrived()?.split_off(before);
            // A gateway may have tried, and not come as far as a request; or not have waited for the answer.
            arrived.retain(|entry| match &entry.event {
                Event::Connection(it) => !mesh.is_gateway(it.peer).unwrap_or(false),
                Event::Request(it) => came_to != NOT_WAITED || !mesh.is_gateway(it.peer).unwrap_or(false),
            });
            ensure!(may_arrive || arrived.is_empty(), "and yet at the origin arrived {arrived:?}");
            Ok(())
        })?;
    }
    Ok(())
}

fn came_to(mesh: &Mesh, pod: Pod, answer: &Answer) -> anyhow::Result<Fate> {
    Ok(match answer {
        Answer::Origin(request) if mesh.is_gateway(request.peer)? => Fate::Gateway,
        Answer::Origin(request) if request.peer == mesh.address(pod)? => Fate::Direct,
        Answer::Origin(request) => bail!("it came from {}, which nobody is", request.peer),
        Answer::Status(status) => Fate::Status(*status),
        Answer::Nothing(why) if why.contains("timed out") => Fate::Hangs,
        Answer::Nothing(_) => Fate::Reset,
    })
}

fn is(came_to: Fate, wanted: Fate, url: &str) -> bool {
    match wanted {
        Fate::Refused if url.starts_with("http:") => came_to == Fate::Status(502),
        Fate::Refused => came_to == Fate::Reset,
        wanted => came_to == wanted,
    }
}

impl Call {
    /// Whether the application itself speaks TLS.
    pub(super) fn is_tls(&self) -> bool {
        self.to.starts_with("https:")
    }

    fn pod(&self) -> anyhow::Result<Pod> {
        let known = [SHOP, BILLING, BARE];
        let pod = known.into_iter().find(|pod| pod.to_string() == self.from);
        pod.ok_or_else(|| anyhow::anyhow!("{} is none of {known:?}", self.from))
    }
}

fn shop() -> String {
    SHOP.to_string()
}
