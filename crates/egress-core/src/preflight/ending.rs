//! How a call ends, as far as it matters: which proxies it passes, and where it comes out.

use std::collections::BTreeSet;

use crate::istio::call::{Call, End, Passage};

/// All ways of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    ways: BTreeSet<EndedWay>,
}

/// The proxies behind the caller's own, and the end.
type EndedWay = (Vec<String>, End);

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
        let leaves = |(_, end): &EndedWay| !matches!(end, End::Refused(_));
        if self.ways.iter().any(leaves) {
            return self != after;
        }
        after.ways.iter().any(|way| leaves(way) && way.0.is_empty())
    }

    /// Where it comes out before and after, in words that tell the two apart.
    pub(super) fn difference(&self, after: &Ending) -> (String, String) {
        let only = |one: &Ending, other: &Ending| {
            let mut own = one.ways.iter().filter(|way| !other.ways.contains(way));
            own.next().or(one.ways.first()).cloned()
        };
        let (was, will) = (only(self, after), only(after, self));
        let (before, then) = (words(was.as_ref()), words(will.as_ref()));
        if before != then {
            return (before, then);
        }
        let place = |way: Option<&EndedWay>| match way {
            Some((_, End::Leaves { to, port })) => format!(" to {to}:{port}"),
            _ => String::new(),
        };
        (before + &place(was.as_ref()), then + &place(will.as_ref()))
    }
}

/// Where a way comes out.
fn words(way: Option<&EndedWay>) -> String {
    let Some((proxies, end)) = way else { return "end nowhere".to_owned() };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn leaving(to: &str, port: u16) -> Ending {
        Ending { ways: BTreeSet::from([(Vec::new(), End::Leaves { to: to.to_owned(), port })]) }
    }

    #[test]
    fn a_call_that_only_goes_to_another_port_is_told_with_both_ports() {
        let (was, will) = leaving("10.0.0.9", 443).difference(&leaving("10.0.0.9", 8443));
        assert_eq!(was, "leave directly from the caller's pod to 10.0.0.9:443");
        assert_eq!(will, "leave directly from the caller's pod to 10.0.0.9:8443");
    }

    #[test]
    fn of_several_ways_the_one_that_changes_is_told() {
        let mut was = leaving("10.0.0.9", 443);
        let mut will = was.clone();
        was.ways.insert((
            vec!["istio-system/egress".to_owned()],
            End::Leaves { to: "a.example".to_owned(), port: 443 },
        ));
        will.ways.insert((Vec::new(), End::Undecided));
        let told = was.difference(&will);
        assert_eq!(told.0, "leave through gateway pod istio-system/egress to a.example:443");
        assert_eq!(told.1, "go where the objects do not tell");
    }
}
