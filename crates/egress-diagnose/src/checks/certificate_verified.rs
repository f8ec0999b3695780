//! EG012: the gateway verifies whom it calls.

use egress_core::snapshot::GatewayFacts;
use serde_json::json;

use crate::check::{Check, Code, Hop, Input, Level, Outcome, Run};
use crate::finding::{Confidence, Finding, Place};
use crate::fixes;
use crate::upstream::{Upstream, upstream};
use crate::view::View;
use crate::way::Way;

pub(super) const CHECK: Check = Check {
    code: Code(12),
    name: "the gateway verifies the certificate of the host",
    level: Level::Warning,
    hop: Hop::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::ServiceEntries, Input::DestinationRules],
    docs: "\
## What it checks
The TLS that the gateway opens to the host: `insecureSkipVerify` is not set, and where `sni` is set and the system's
authorities are trusted, `subjectAltNames` is set, too.

## Why it matters
Without a check of the certificate whoever sits on the way can read and change what is sent. With `sni` and no
`subjectAltNames`, Istio checks who signed the certificate and not for whom: any certificate that a public authority ever
gave to anybody passes (`setAutoSanValidation` in `pilot/pkg/networking/core/cluster_tls.go`).

## How to fix
Take `insecureSkipVerify` away, and name the host in `subjectAltNames`. For a private authority, name a Secret with its
certificate in `credentialName`.
",
    run: Run::Through(run),
};

fn run(view: &View<'_>, way: &Way<'_>, gateway: &GatewayFacts) -> Outcome {
    let found = upstream(view, way, gateway);
    Outcome::of(found.iter().filter_map(|upstream| finding(way, upstream)).collect())
}

fn finding(way: &Way<'_>, upstream: &Upstream<'_>) -> Option<Finding> {
    let tls = upstream.tls.as_ref().filter(|tls| tls.originates())?;
    let of_entry = upstream.spec.subject_alt_names.as_deref().unwrap_or_default();
    let names_nobody = tls.subject_alt_names.is_empty() && of_entry.is_empty();
    let public = tls.credential_name.is_none() && tls.ca_certificates.is_none();
    let host = &way.host;
    let (message, object, consequence, fix) = if tls.skips_verification {
        let field = format!("{}.insecureSkipVerify", tls.field);
        let fix = fixes::set(&tls.rule.id, &field, &json!(false), "verifies the certificate");
        (
            format!("the gateway does not look at the certificate of {host}"),
            Place::of(&tls.rule.id).field(field, "true"),
            format!("whoever answers for {host} can read and change what the gateway sends"),
            fix,
        )
    } else {
        let sni = tls.sni.filter(|_| names_nobody && public)?;
        let names = json!([sni]);
        let field = format!("{}.subjectAltNames", tls.field);
        (
            format!("the gateway does not check that the certificate is for {sni}"),
            Place::of(&tls.rule.id).field(format!("{}.sni", tls.field), sni),
            format!("any certificate of a public authority passes for {host}"),
            fixes::set(&tls.rule.id, &field, &names, "names for whom the certificate must be"),
        )
    };
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message,
        object,
        evidence: vec![format!(
            "TLS mode {} towards port {} of {}",
            tls.mode_word(),
            upstream.port.number,
            upstream.route.host
        )],
        consequence,
        fix,
    })
}
