//! `policy check`: checks whether a module can be used, and whether settings are valid.

use std::fmt::Write;

use egress_policy::Policy as _;
use egress_policy::answer::{EvaluationError, Finding, Severity};
use egress_policy_wasm::Module;
use egress_render::document::API_VERSION;
use serde_json::json;

use super::{answers, module};
use crate::commands::document;
use crate::exit::Code;
use crate::policies::schema;
use crate::settings::policies::PolicySettings;
use crate::settings::policy::check::Check;
use crate::terminal::Terminal;

/// Checks.
pub(super) fn run(settings: &Check, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let module = module::load(&settings.module, &settings.policies, terminal)?;
    let findings = findings(&module, settings.settings.as_deref(), &settings.policies);
    let text = match &settings.output {
        None => text(&module, &settings.module.name, &findings),
        Some(format) => {
            let answer = json!({
                "apiVersion": API_VERSION,
                "kind": "PolicyCheck",
                "module": module::document(&module)?,
                "findings": serde_json::to_value(&findings)?,
            });
            document::text(&answer, format)?
        }
    };
    terminal.result(&text)?;
    Ok(if findings.iter().any(|finding| finding.severity == Severity::Deny) {
        Code::Failed
    } else {
        Code::Done
    })
}

/// The problems. Without settings, checks only the module's schema: many modules refuse empty settings.
pub(super) fn findings(module: &Module, settings: Option<&str>, policies: &PolicySettings) -> Vec<Finding> {
    let against_schema = |settings: &str| {
        let schema = module.descriptor().settings_schema.as_deref();
        schema.map_or_else(Vec::new, |schema| schema::check(&policies.program, schema, settings))
    };
    let Some(settings) = settings else {
        return against_schema("{}").into_iter().filter(schema::is_broken).collect();
    };
    let mut findings = against_schema(settings);
    // If the schema refuses the settings, the module would refuse them again in other words.
    if findings.is_empty() {
        findings = match module.check_settings(settings).result {
            Ok(findings) | Err(EvaluationError::Settings(findings)) => findings,
            Err(fault) => vec![schema::unanswered(&fault)],
        };
    }
    findings
}

/// The problems, for people.
pub(super) fn text(module: &Module, name: &str, findings: &[Finding]) -> String {
    let (inspection, descriptor) = (module.inspection(), module.descriptor());
    let mut text: String = findings.iter().map(|finding| answers::finding("", finding)).collect();
    let word = if findings.is_empty() { "ok" } else { "checked" };
    let hooks: Vec<&str> = inspection.hooks.iter().map(|hook| hook.word()).collect();
    let (id, version, digest) = (&descriptor.id, &descriptor.version, &inspection.digest);
    let (hooks, size) = (hooks.join(", "), inspection.size);
    let _ = writeln!(text, "{name}: {word}: {id} {version} answers {hooks}; {size} bytes, {digest}");
    text
}
