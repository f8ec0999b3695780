//! A diagnosis as SARIF 2.1.0, which code scanners and editors read.
//!
//! Every check is a rule, every cause a result. Knows the format (OASIS, "Static Analysis Results Interchange
//! Format") only.

use egress_core::digest::short_sha256;
use egress_diagnose::finding::Cause;
use egress_diagnose::finding::Level;
use egress_diagnose::finding::{Place, SourceLine};
use egress_diagnose::report::{Reason, Report};
use egress_diagnose::rules::CHECKS;
use egress_diagnose::rules::check::Check;
use serde_json::{Value, json};

use crate::escape::escape;

/// The diagnosis as a log with one run; `version` is the program's.
pub fn sarif(report: &Report, version: &str) -> Value {
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "kubectl-egress",
                "version": version,
                "rules": CHECKS.iter().map(rule).collect::<Vec<Value>>(),
            } },
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications(report),
            }],
            "results": report.findings.iter().map(result).collect::<Vec<Value>>(),
        }],
    })
}

fn rule(check: &Check) -> Value {
    let plain = |text: &str| text.replace("## ", "").replace('`', "");
    json!({
        "id": check.code,
        "shortDescription": { "text": check.name },
        "help": { "text": plain(check.docs), "markdown": check.docs },
        "defaultConfiguration": { "level": level(check.level) },
    })
}

fn result(cause: &Cause) -> Value {
    let index = CHECKS.iter().position(|check| check.code == cause.code);
    let mut result = json!({
        "ruleId": cause.code,
        "ruleIndex": index,
        "level": level(cause.level),
        "message": { "text": message(cause) },
        "locations": [location(&cause.object)],
        "partialFingerprints": { "cause/v1": fingerprint(cause) },
        "properties": { "fix": cause.fix, "evidence": cause.evidence, "scope": cause.scope, "hosts": cause.affects.len() },
    });
    if let (Some(acceptance), true) = (&cause.accepted, cause.is_accepted()) {
        result["suppressions"] = json!([{ "kind": "inSource", "justification": acceptance.reason }]);
    }
    result
}

fn message(cause: &Cause) -> String {
    let text = format!(
        "{}: {}. So {}. Fix: {} ({})",
        cause.object.object(),
        cause.message,
        cause.consequence,
        cause.fix.command,
        cause.fix.why
    );
    escape(&text).into_owned()
}

/// An object of a cluster has a name only. An object of a file has a line, too.
fn location(place: &Place) -> Value {
    let kind = place.kind.to_ascii_lowercase();
    let words = [place.namespace.as_deref().unwrap_or_default(), &kind, &place.name];
    let mut name = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join("/");
    if let Some(field) = &place.field {
        name = format!("{name}/{field}");
    }
    let mut location = json!({
        "logicalLocations": [{ "name": place.name, "fullyQualifiedName": escape(&name), "kind": "resource" }],
    });
    if let Some(SourceLine { file, line }) = &place.source {
        location["physicalLocation"] =
            json!({ "artifactLocation": { "uri": uri(file) }, "region": { "startLine": line } });
    }
    location
}

/// A path as a URI reference: other than plain characters are percent-encoded.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let shown = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    path.bytes().map(shown).collect()
}

/// The same in each run as long as the finding and its field are the same.
fn fingerprint(cause: &Cause) -> String {
    let Place { kind, namespace, name, field, .. } = &cause.object;
    let parts = [
        cause.code.to_string(),
        kind.to_ascii_lowercase(),
        namespace.clone().unwrap_or_default(),
        name.clone(),
        field.clone().unwrap_or_default(),
        cause.message.clone(),
    ];
    short_sha256(parts.join("\0"), 32)
}

/// The checks that were not made: a log without results must not look like a healthy mesh.
fn notifications(report: &Report) -> Vec<Value> {
    let unread = report.not_checked.iter().filter(|not_checked| not_checked.reason == Reason::Unreadable);
    let of_checks = unread.map(|not_checked| {
        let codes: Vec<String> = not_checked.codes.iter().map(ToString::to_string).collect();
        format!("{}: not checked, because {}", codes.join(" "), not_checked.because)
    });
    let of_reads =
        report.unreadable.iter().map(|missing| format!("not read: {}: {}", missing.what, missing.why));
    let of_hosts = report.not_walked.iter();
    let of_hosts = of_hosts
        .map(|host| format!("not checked: {} in namespace {}: {}", host.host, host.namespace, host.because));
    of_checks
        .chain(of_reads)
        .chain(of_hosts)
        .map(|text| json!({ "level": "warning", "message": { "text": escape(&text) } }))
        .collect()
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Info => "note",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}
