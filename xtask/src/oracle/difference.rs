//! One call that the simulation and istiod's configuration answer differently: where they part, for people and for counts.
//!
//! Knows passages. Knows no cluster, and not who is right.

use std::fmt::{self, Write as _};

use egress_core::istio::call::{Call, End, Hop, Passage, Refusal, Tls};

/// A call, and the two answers.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    pub(super) call: Call,
    /// Of the simulation.
    pub(super) ours: Vec<Passage>,
    /// Of istiod's configuration.
    pub(super) theirs: Vec<Passage>,
}

impl Difference {
    /// None where both say the same, in whatever order, or where the simulation says that it cannot know.
    pub(super) fn of(call: &Call, ours: Vec<Passage>, theirs: Vec<Passage>) -> Option<Self> {
        if is_undecided(&ours) {
            return None;
        }
        let theirs = sorted(theirs);
        let ours = sorted(ours.into_iter().map(|passage| without_unsaid_routes(passage, &theirs)).collect());
        (ours != theirs).then(|| Difference { call: call.clone(), ours, theirs })
    }

    /// Where they first part, in few words: differences of one cause mostly have the same.
    pub(super) fn parting(&self) -> String {
        let only =
            |ones: &[Passage], others: &[Passage]| ones.iter().find(|one| !others.contains(one)).cloned();
        let (ours, theirs) = (only(&self.ours, &self.theirs), only(&self.theirs, &self.ours));
        match (ours, theirs) {
            (Some(ours), Some(theirs)) => part(&ours, &theirs),
            (Some(_), None) => "we have a passage that istiod has not".to_owned(),
            (None, _) => "istiod has a passage that we have not".to_owned(),
        }
    }
}

/// Envoy's configuration says of routes of HTTP which VirtualService they are of, and of nothing else: where istiod's passage
/// through the same clusters names none, neither does ours.
pub(super) fn without_unsaid_routes(mut ours: Passage, theirs: &[Passage]) -> Passage {
    let is_same = |theirs: &&Passage| {
        theirs.hops.len() == ours.hops.len()
            && theirs.hops.iter().zip(&ours.hops).all(|(theirs, ours)| {
                (&theirs.proxy, &theirs.cluster) == (&ours.proxy, &ours.cluster)
                    && (theirs.route.is_none() || theirs.route == ours.route)
            })
    };
    if let Some(same) = theirs.iter().find(is_same) {
        for (ours, theirs) in ours.hops.iter_mut().zip(&same.hops) {
            ours.route.clone_from(&theirs.route);
        }
    }
    ours
}

/// Whether the simulation leaves a call open.
pub(super) fn is_undecided(ours: &[Passage]) -> bool {
    ours.iter().any(|passage| passage.end == End::Undecided)
}

fn sorted(mut passages: Vec<Passage>) -> Vec<Passage> {
    passages.sort();
    passages.dedup();
    passages
}

fn part(ours: &Passage, theirs: &Passage) -> String {
    for (place, pair) in (1..).zip(ours.hops.iter().zip(&theirs.hops)) {
        if let Some(field) = field(pair.0, pair.1) {
            return format!("{field} of hop {place}");
        }
    }
    let (ours, theirs) = match ours.hops.len().cmp(&theirs.hops.len()) {
        std::cmp::Ordering::Equal => (end(&ours.end), end(&theirs.end)),
        std::cmp::Ordering::Less => (end(&ours.end), "goes on".to_owned()),
        std::cmp::Ordering::Greater => ("goes on".to_owned(), end(&theirs.end)),
    };
    if ours == theirs { format!("where it {ours}") } else { format!("we: {ours}, istiod: {theirs}") }
}

/// The first field that differs.
fn field(ours: &Hop, theirs: &Hop) -> Option<&'static str> {
    let fields = [
        ("proxy", ours.proxy != theirs.proxy),
        ("route", ours.route != theirs.route),
        ("cluster", ours.cluster != theirs.cluster),
        ("namespace", ours.service_namespace != theirs.service_namespace),
        ("rule", ours.rule != theirs.rule),
        ("TLS", ours.tls != theirs.tls),
    ];
    fields.into_iter().find(|(_, differs)| *differs).map(|(name, _)| name)
}

fn end(end: &End) -> String {
    match end {
        End::Leaves { .. } => "leaves".to_owned(),
        End::Arrives { .. } => "arrives".to_owned(),
        End::Refused(Refusal::Answered(status)) => format!("answers {status}"),
        End::Refused(refusal) => format!("{refusal:?}"),
        End::Undecided => "undecided".to_owned(),
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.call)?;
        writeln!(formatter, "  they part at: {}", self.parting())?;
        for (who, passages, others) in
            [("we", &self.ours, &self.theirs), ("istiod", &self.theirs, &self.ours)]
        {
            writeln!(formatter, "  {who}:")?;
            for passage in passages {
                let mark = if others.contains(passage) { " " } else { "*" };
                write!(formatter, "{}", shown(passage, mark))?;
            }
        }
        Ok(())
    }
}

/// A passage as lines, one for each proxy.
fn shown(passage: &Passage, mark: &str) -> String {
    let mut text = String::new();
    for Hop { proxy, route, cluster, service_namespace, rule, tls } in &passage.hops {
        let named = |what: &str, name: &Option<String>| {
            name.as_ref().map(|name| format!(", {what} {name}")).unwrap_or_default()
        };
        let (route, namespace, rule) =
            (named("route", route), named("of", service_namespace), named("rule", rule));
        let tls = tls.as_ref().map(wrapped).unwrap_or_default();
        // Writing to a text cannot fail.
        let _ = writeln!(text, "  {mark} {proxy}: {cluster}{namespace}{route}{rule}{tls}");
    }
    let _ = match &passage.end {
        End::Leaves { to, port } => writeln!(text, "  {mark} leaves for {to}, port {port}"),
        End::Arrives { pod, port } => writeln!(text, "  {mark} arrives at {pod}, port {port}"),
        End::Refused(refusal) => writeln!(text, "  {mark} is refused: {refusal:?}"),
        End::Undecided => writeln!(text, "  {mark} is not decided by the objects"),
    };
    text
}

fn wrapped(tls: &Tls) -> String {
    let whose = if tls.is_mesh { "mTLS of the mesh" } else { "TLS" };
    let name = tls.server_name.as_ref().map(|name| format!(" for {name}")).unwrap_or_default();
    format!(", {whose}{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Call {
        Call {
            caller: "shop/web-1".to_owned(),
            address: std::net::Ipv4Addr::new(203, 0, 113, 250).into(),
            port: 443,
            speaks: egress_core::istio::call::Speaks::Bytes,
        }
    }

    fn passage(cluster: &str, rule: Option<&str>, end: End) -> Passage {
        let hop = Hop {
            proxy: "shop/web-1".to_owned(),
            route: None,
            cluster: cluster.to_owned(),
            service_namespace: None,
            rule: rule.map(str::to_owned),
            tls: None,
        };
        Passage { hops: vec![hop], end }
    }

    fn leaves(port: u16) -> End {
        End::Leaves { to: "edition.cnn.com".to_owned(), port }
    }

    #[test]
    fn the_order_of_passages_is_no_difference() {
        let (one, other) = (passage("a", None, leaves(1)), passage("b", None, leaves(1)));
        assert!(Difference::of(&call(), vec![one.clone(), other.clone()], vec![other, one]).is_none());
    }

    #[test]
    fn a_route_that_no_configuration_names_is_no_difference() {
        let mut ours = passage("a", None, leaves(1));
        ours.hops[0].route = Some("shop/cnn".to_owned());
        assert!(Difference::of(&call(), vec![ours.clone()], vec![passage("a", None, leaves(1))]).is_none());

        let mut theirs = ours.clone();
        theirs.hops[0].route = Some("shop/other".to_owned());
        assert!(Difference::of(&call(), vec![ours], vec![theirs]).is_some());
    }

    #[test]
    fn it_is_told_where_they_part() {
        let parting = |ours, theirs| Difference::of(&call(), vec![ours], theirs).unwrap().parting();
        let ours = passage("a", None, leaves(443));

        assert_eq!(parting(ours.clone(), vec![passage("b", None, leaves(443))]), "cluster of hop 1");
        assert_eq!(parting(ours.clone(), vec![passage("a", Some("shop/x"), leaves(80))]), "rule of hop 1");
        assert_eq!(parting(ours.clone(), vec![passage("a", None, leaves(80))]), "where it leaves");
        let refused = End::Refused(Refusal::NoRoute);
        assert_eq!(parting(ours.clone(), vec![passage("a", None, refused)]), "we: leaves, istiod: NoRoute");
        assert_eq!(parting(ours, vec![]), "we have a passage that istiod has not");
    }
}
