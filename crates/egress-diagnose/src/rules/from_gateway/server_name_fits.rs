//! EG030: the gateway sends the host's SNI.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;
use egress_core::visibility::host_matches;
use serde_json::{Value, json};

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::upstream::{Upstream, upstream};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(30),
    name: "the gateway sends the host's SNI",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::ServiceEntries, Input::DestinationRules],
    beside_the_walk: "A followed call ends at the host. What the host answers to a wrong SNI is not simulated.",
    docs: "\
## What it checks
`sni` and `subjectAltNames` of TLS origination name the host, the route's destination, an endpoint of its
ServiceEntry, or the authority that the route rewrites to.

## Why it matters
A server of many hosts chooses its certificate by SNI. With another SNI it answers with another certificate, which the
gateway rejects, or it refuses the call: 503 (`UF`, `CERTIFICATE_VERIFY_FAILED`). The usual cause is a copied
DestinationRule (istio/istio#34920, istio/istio#43540).

## How to fix
Name the host in `sni` and `subjectAltNames`.
",
    run: Run::PathThroughGateway(run),
};

const WHY: &str = "names the host";

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let found = upstream(view, path, gateway);
    let originating = found.iter().filter(|upstream| upstream.originates_tls()).count();
    CheckOutcome::of(originating, found.iter().filter_map(|upstream| finding(path, upstream)).collect())
}

fn finding(path: &EgressPath<'_>, upstream: &Upstream<'_>) -> Option<Finding> {
    let tls = upstream.tls.as_ref().filter(|tls| tls.originates())?;
    let rewrite = upstream.route.http.and_then(|rule| rule.rewrite.as_ref()?.authority.as_deref());
    let known: BTreeSet<&str> = upstream.names(&path.host).chain(rewrite).collect();
    // A certificate's name may be a wildcard over the host. A mesh identity is a URI, not a host.
    let fits = |name: &str| name.contains("://") || known.iter().any(|known| host_matches(name, known));
    let names = tls.subject_alt_names;
    let sni = tls.sni.filter(|sni| !fits(sni));
    let strangers = !tls.skips_verification && !names.is_empty() && !names.iter().any(|name| fits(name));
    let (wrong, value) = match sni {
        Some(sni) => ("sni", sni.to_owned()),
        None if strangers => ("subjectAltNames", names.join(", ")),
        None => return None,
    };
    let set =
        |field: &str, value: &Value| fixes::set(&tls.rule.id, &format!("{}.{field}", tls.field), value, WHY);
    let asks = sni.map(|_| set("sni", &json!(path.host)));
    let accepts = || set("subjectAltNames", &json!([path.host]));
    let fix = match asks {
        Some(asks) => fixes::one_after_the_other(asks, strangers.then(accepts), WHY),
        None => accepts(),
    };
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Inferred,
        level: CHECK.level,
        message: format!("the gateway sends {} the SNI of another host", path.host),
        object: Place::of(&tls.rule.id).field(format!("{}.{wrong}", tls.field), value),
        evidence: vec![format!(
            "{} routes to {}, with the names {}",
            upstream.route.resource.id,
            upstream.route.host,
            known.into_iter().collect::<Vec<_>>().join(", ")
        )],
        consequence: format!(
            "calls to {} get 503 from the gateway: the certificate does not match",
            path.host
        ),
        fix,
    })
}
