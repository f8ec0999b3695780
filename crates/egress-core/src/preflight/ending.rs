//! How a call ends, as far as it matters: which proxies it passes, and where it comes out.

use std::collections::BTreeSet;

use crate::istio::call::{Call, End, Passage};

/// All ways of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    ways: BTreeSet<(Vec<String>, End)>,
}

impl Ending {
    /// Of these passages of a call. One that leaves directly for the host that it names leaves for its address.
    pub(super) fn of(call: &Call, passages: &[Passage]) -> Self {
        let way = |passage: &Passage| {
            let proxies = passage.hops.iter().map(|hop| hop.proxy.clone());
            let proxies: Vec<String> = proxies.filter(|proxy| *proxy != call.caller).collect();
            let end = match (&passage.end, call.host()) {
                (End::Leaves { to, port }, Some(host)) if proxies.is_empty() && to == host => {
                    End::Leaves { to: call.address.to_string(), port: *port }
                }
                (end, _) => end.clone(),
            };
            (proxies, end)
        };
        Ending { ways: passages.iter().map(way).collect() }
    }

    /// Whether a call that ended like this may not end like `after`. Of calls that were refused only those count that then
    /// leave around the gateways.
    pub(super) fn is_broken_by(&self, after: &Ending) -> bool {
        let leaves = |(_, end): &(Vec<String>, End)| !matches!(end, End::Refused(_));
        if self.ways.iter().any(leaves) {
            return self != after;
        }
        after.ways.iter().any(|way| leaves(way) && way.0.is_empty())
    }

    /// Where it comes out, in words.
    pub(super) fn words(&self) -> String {
        let Some((proxies, end)) = self.ways.first() else { return "end nowhere".to_owned() };
        let by = proxies.last().map(|proxy| format!(" through gateway pod {proxy}")).unwrap_or_default();
        match end {
            End::Leaves { .. } if proxies.is_empty() => "leave directly from the caller's pod".to_owned(),
            End::Leaves { to, port } => format!("leave{by} to {to}:{port}"),
            End::Arrives { pod, port } => format!("go{by} to port {port} of pod {pod}"),
            End::Refused(_) if proxies.is_empty() => "be refused by the caller's sidecar".to_owned(),
            End::Refused(_) => format!("be refused by gateway pod {}", proxies.last().map_or("", |it| it)),
            End::Undecided => "go where the objects do not tell".to_owned(),
        }
    }
}
