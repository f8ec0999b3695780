//! EG042: the Secrets for TLS origination exist in the gateway's namespace.

use egress_core::command::{ShellCommand, Word};
use egress_core::input::Input;
use egress_core::related_resources::SecretFacts;
use egress_core::snapshot::GatewayFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::istio::client_tls::{ClientTls, Mode};
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::upstream::{Upstream, upstream};
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(42),
    name: "the Secrets for TLS origination exist in the gateway's namespace",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::ServiceEntries, Input::DestinationRules, Input::Secrets],
    beside_the_walk: "It reads Secrets: a followed call ends at the host, with a certificate or without.",
    docs: "\
## What it checks
`credentialName` of TLS origination: a Secret of that name exists in the gateway's namespace. For `MUTUAL` it has
`tls.crt` and `tls.key`. Unless verification is off, it has `ca.crt`, or the Secret with `-cacert` after its name has.
EG103 looks at the certificates in files, EG082 at those of Envoy.

## Why it matters
The gateway reads Secrets of its own namespace only. Without them it makes no connection: 503 (`UF`, \"Secret is not
supplied by SDS\"). See `ApplyCustomSDSToClientCommonTLSContext` in `pilot/pkg/security/model/authentication.go` and
`GetCaCert` in `pilot/pkg/credentials/kube/secrets.go`.

## How to fix
Put the Secret into the namespace of the gateway's pods.
",
    run: Run::PathThroughGateway(run),
};

/// The suffix of the Secret that holds only the CA certificate.
pub(super) const CA_SUFFIX: &str = "-cacert";

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let found = upstream(view, path, gateway);
    let named = |upstream: &Upstream<'_>| {
        upstream.tls.as_ref().is_some_and(|tls| tls.originates() && tls.credential_name.is_some())
    };
    let naming = found.iter().filter(|upstream| named(upstream)).count();
    let secrets = match view.secrets() {
        Ok(secrets) => secrets,
        Err(_) if naming == 0 => return CheckOutcome::NotApplicable,
        Err(outcome) => return outcome,
    };
    let lacking = |upstream: &Upstream<'_>| finding(path, gateway, secrets, upstream.tls.as_ref()?);
    CheckOutcome::of(naming, found.iter().filter_map(lacking).collect())
}

fn finding(
    path: &EgressPath<'_>,
    gateway: &GatewayFacts,
    secrets: &[SecretFacts],
    tls: &ClientTls<'_>,
) -> Option<Finding> {
    let named = tls.credential_name?;
    let (namespace, name) = credential(tls, gateway)?;
    let find =
        |name: &str| secrets.iter().find(|secret| secret.namespace == namespace && secret.name == name);
    let own = find(name);
    let authority = find(&format!("{name}{CA_SUFFIX}")).or(own);
    let lacking = if tls.mode == Mode::Mutual
        && !own.is_some_and(|own| has(own, &[&["tls.crt", "tls.key"], &["cert", "key"]]))
    {
        "tls.crt and tls.key"
    } else if !tls.skips_verification
        && !authority.is_some_and(|found| has(found, &[&["ca.crt"], &["cacert"]]))
    {
        "ca.crt"
    } else {
        return None;
    };
    let elsewhere = secrets.iter().find(|secret| secret.name == name && secret.namespace != namespace);
    Some(Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: match own {
            None => format!("there is no Secret `{name}` in the gateway's namespace {namespace}"),
            Some(_) => format!("the Secret `{name}` in the gateway's namespace has no {lacking}"),
        },
        object: Place::of(&tls.rule.id).field(format!("{}.credentialName", tls.field), named),
        evidence: match (own, elsewhere) {
            (None, Some(other)) => vec![format!("there is one in namespace {}", other.namespace)],
            (None, None) => Vec::new(),
            (Some(own), _) => {
                let keys: Vec<&str> = own.keys.iter().flatten().map(String::as_str).collect();
                vec![format!(
                    "it has {}",
                    if keys.is_empty() { "nothing".to_owned() } else { keys.join(", ") }
                )]
            }
        },
        consequence: format!("calls to {} get 503 from the gateway", path.host),
        fix: fix(tls, namespace, name, elsewhere.filter(|_| own.is_none())),
    })
}

/// The Secret that TLS origination names, by namespace and name.
pub(super) fn credential<'a>(tls: &ClientTls<'a>, gateway: &'a GatewayFacts) -> Option<(&'a str, &'a str)> {
    let named = tls.credential_name.filter(|_| tls.originates())?;
    let bare = named.strip_prefix("kubernetes://").unwrap_or(named);
    if bare.contains("://") {
        return None;
    }
    Some(bare.split_once('/').unwrap_or((&gateway.name.namespace, bare)))
}

/// Whether a Secret has one of the sets of keys. Assumes so if only its name is known.
fn has(secret: &SecretFacts, sets: &[&[&str]]) -> bool {
    let Some(keys) = &secret.keys else { return true };
    sets.iter().any(|set| set.iter().all(|key| keys.contains(*key)))
}

fn fix(tls: &ClientTls<'_>, namespace: &str, name: &str, elsewhere: Option<&SecretFacts>) -> Fix {
    if let Some(other) = elsewhere {
        return fixes::copy_secret(name, &other.namespace, namespace, "copies it to the gateway's namespace");
    }
    let create = ShellCommand::new(["kubectl", "create", "secret", "generic"]).word(Word::name(name));
    let create = create.in_namespace(namespace);
    let create = if tls.mode == Mode::Mutual {
        let pair = ["--from-file=tls.crt=tls.crt", "--from-file=tls.key=tls.key"];
        create.words(pair).word("--from-file=ca.crt=ca.crt")
    } else {
        create.word("--from-file=ca.crt=ca.crt")
    };
    fixes::fix(create, "creates it from these files; first delete an existing one of the same name")
}
