//! EG103: the certificates in Secrets for TLS origination are valid.

use egress_core::certificate_validity::CertificateValidity;
use egress_core::command::ShellCommand;
use egress_core::input::Input;
use egress_core::related_resources::SecretFacts;
use egress_core::snapshot::GatewayFacts;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::secret_exists::{CA_SUFFIX, credential};
use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place, Readable};
use crate::fixes;
use crate::istio::client_tls::{ClientTls, Mode};
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::upstream::upstream;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(103),
    name: "the certificates in Secrets for TLS origination are valid",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[Input::VirtualServices, Input::GatewayObjects, Input::ServiceEntries, Input::DestinationRules, Input::Secrets],
    beside_the_walk: "It reads Secrets: a followed call ends at the host, whether its certificate is valid or not.",
    docs: "\
## What it checks
The Secrets that `credentialName` of TLS origination names, where files contain them: the client certificate (`tls.crt`)
and the CA certificates (`ca.crt`) are valid today. Of several CA certificates one is enough. Of Secrets in a cluster only
the names are read; there EG082 reads the expiry from Envoy.

## Why it matters
A host that demands a client certificate refuses an expired one. If the CA certificate has expired, the gateway refuses
the host. In both cases every call to the host gets 503 (`UF`).

## How to fix
Put a new certificate into the Secret. The gateway takes it without a restart.
",
    run: Run::PathThroughGateway(run),
};

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    findings(view, path, gateway).unwrap_or_else(|outcome| outcome)
}

fn findings(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> Readable<CheckOutcome> {
    let found = upstream(view, path, gateway);
    let named: Vec<(&ClientTls<'_>, (&str, &str))> = found
        .iter()
        .filter_map(|upstream| upstream.tls.as_ref())
        .filter_map(|tls| Some((tls, credential(tls, gateway)?)))
        .collect();
    if named.is_empty() {
        return Ok(CheckOutcome::NotApplicable);
    }
    let secrets = view.secrets()?;
    let (mut looked_at, mut bad) = (0, Vec::new());
    for (tls, (namespace, name)) in named {
        let find =
            |name: &str| secrets.iter().find(|secret| secret.namespace == namespace && secret.name == name);
        let own = find(name);
        let of_ca = find(&format!("{name}{CA_SUFFIX}"));
        let client = own.filter(|_| tls.mode == Mode::Mutual);
        let client = client.and_then(|secret| certificates(secret, &["tls.crt", "cert"]));
        let authority = of_ca.or(own).filter(|_| !tls.skips_verification);
        let authority = authority.and_then(|secret| certificates(secret, &["ca.crt", "cacert"]));
        // A chain begins with the certificate itself. Of several authorities any may be the right one.
        let ends = [
            client.and_then(|(secret, key, all)| Some((secret, key, all.first()?, Side::Client))),
            authority.and_then(|(secret, key, all)| {
                Some((secret, key, all.iter().max_by_key(|one| one.not_after)?, Side::Authority))
            }),
        ];
        for (secret, key, certificate, side) in ends.into_iter().flatten() {
            let Some(today) = view.today() else {
                return Ok(CheckOutcome::Unreadable("today's date is not known".to_owned()));
            };
            looked_at += 1;
            bad.extend(state(certificate, today).map(|state| finding(path, (secret, key), &state, side)));
        }
    }
    Ok(CheckOutcome::of(looked_at, bad))
}

/// Whose certificate it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Authority,
}

/// The certificates under the first of these keys.
fn certificates<'a>(
    secret: &'a SecretFacts,
    keys: &[&'static str],
) -> Option<(&'a SecretFacts, &'static str, &'a [CertificateValidity])> {
    keys.iter().find_map(|key| Some((secret, *key, secret.certificates.get(*key)?.as_slice())))
}

/// What is wrong with a certificate on a day.
fn state(certificate: &CertificateValidity, today: Date) -> Option<String> {
    let day = |moment: jiff::Timestamp| moment.to_zoned(TimeZone::UTC).date();
    let (from, until) = (day(certificate.not_before), day(certificate.not_after));
    if until < today {
        return Some(format!("expired on {until}"));
    }
    (from > today).then(|| format!("is valid from {from} on"))
}

fn finding(path: &EgressPath<'_>, (secret, key): (&SecretFacts, &str), state: &str, side: Side) -> Finding {
    let SecretFacts { namespace, name, .. } = secret;
    let whose = match side {
        Side::Client => "client certificate",
        Side::Authority => "CA certificate",
    };
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("the {whose} in Secret `{name}` {state}"),
        object: Place::new("Secret", Some(namespace), name).field(format!("data[{key}]"), state),
        evidence: Vec::new(),
        consequence: match side {
            Side::Client => format!("{} refuses the gateway: calls get 503", path.host),
            Side::Authority => format!("the gateway refuses {}: calls get 503", path.host),
        },
        fix: fixes::fix(
            ShellCommand::new(["kubectl", "edit"]).object("secret", name).in_namespace(namespace),
            "put the new certificate and its key into it, in base64; or renew it where it comes from",
        ),
    }
}
