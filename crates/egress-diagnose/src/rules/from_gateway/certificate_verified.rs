//! EG012: the gateway verifies the host's certificate.

use egress_core::input::Input;
use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::upstream::{Upstream, upstream};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(12),
    name: "the gateway verifies the host's certificate",
    level: Level::Warning,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::ServiceEntries, Input::DestinationRules],
    beside_the_walk: "A call passes without it: nobody sees in the path whether the certificate of the host is verified.",
    docs: "\
## What it checks
TLS origination at the gateway: `insecureSkipVerify` is not set; and if `sni` is set and the system's CA certificates
are used, `subjectAltNames` is set too.

## Why it matters
Without verification, anybody on the network path can read and change the traffic. With `sni` but no
`subjectAltNames`, Istio checks who signed the certificate, not the name in it: every certificate of a public CA
passes (`setAutoSanValidation` in `pilot/pkg/networking/core/cluster_tls.go`).

## How to fix
Remove `insecureSkipVerify`, and put the host into `subjectAltNames`. For a private CA, name a Secret with its
certificate in `credentialName`.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let found = upstream(view, path, gateway);
    let originating = found.iter().filter(|upstream| upstream.originates_tls()).count();
    CheckOutcome::of(originating, found.iter().filter_map(|upstream| finding(path, upstream)).collect())
}

fn finding(path: &EgressPath<'_>, upstream: &Upstream<'_>) -> Option<Finding> {
    let tls = upstream.tls.as_ref().filter(|tls| tls.originates())?;
    let of_entry = upstream.spec.subject_alt_names.as_deref().unwrap_or_default();
    let names_nobody = tls.subject_alt_names.is_empty() && of_entry.is_empty();
    let public = tls.credential_name.is_none() && tls.ca_certificates.is_none();
    let host = &path.host;
    let (message, object, consequence, fix) = if tls.skips_verification {
        let field = format!("{}.insecureSkipVerify", tls.field);
        let fix = fixes::set(&tls.rule.id, &field, &json!(false), "verifies the certificate");
        (
            format!("the gateway does not verify the certificate of {host}"),
            Place::of(&tls.rule.id).field(field, "true"),
            format!("any server that answers as {host} can read and change the traffic"),
            fix,
        )
    } else {
        let sni = tls.sni.filter(|_| names_nobody && public)?;
        let names = json!([sni]);
        let field = format!("{}.subjectAltNames", tls.field);
        (
            format!("the gateway does not check that the certificate names {sni}"),
            Place::of(&tls.rule.id).field(format!("{}.sni", tls.field), sni),
            format!("any certificate of a public CA passes for {host}"),
            fixes::set(&tls.rule.id, &field, &names, "sets the name that the certificate must have"),
        )
    };
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message,
        object,
        evidence: vec![format!(
            "TLS mode {} to port {} of {}",
            tls.mode_word(),
            upstream.port.number,
            upstream.route.host
        )],
        consequence,
        fix,
    })
}
