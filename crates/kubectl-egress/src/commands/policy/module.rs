//! Loads a module named by the user, and describes it as text and as a document.

use std::fmt::Write;

use egress_policy::Policy as _;
use egress_policy_wasm::Module;
use egress_render::document::API_VERSION;
use egress_render::escape::escape;
use egress_render::table::Table;
use serde_json::{Value, json};

use crate::exit::{Code, Failure};
use crate::policies;
use crate::settings::policies::PolicySettings;
use crate::settings::policy::file::ModuleFile;
use crate::terminal::Terminal;

/// Loads a module. Errors are written for its author.
pub(super) fn load(
    file: &ModuleFile,
    settings: &PolicySettings,
    terminal: &mut Terminal,
) -> Result<Module, Failure> {
    let engine = policies::engine(settings, terminal)?;
    let waiting = terminal.wait(&format!("loading {}", file.name));
    let loaded = engine.load(&file.bytes);
    drop(waiting);
    loaded.map_err(|error| Failure {
        code: Code::Failed,
        message: format!("{} cannot be used: {error}", file.name),
        hint: None,
    })
}

/// Its description, for people.
pub(super) fn text(module: &Module) -> String {
    let (inspection, descriptor) = (module.inspection(), module.descriptor());
    let needs: Vec<&str> = descriptor.needs.iter().map(|need| need.word()).collect();
    let schema = descriptor.settings_schema.as_ref();
    let rows = [
        ("Id", descriptor.id.clone()),
        ("Version", descriptor.version.clone()),
        ("Title", descriptor.title.clone()),
        ("Docs", descriptor.docs.clone().unwrap_or_default()),
        ("Digest", inspection.digest.clone()),
        ("Size", format!("{} bytes", inspection.size)),
        ("Exports", inspection.api.join(", ")),
        ("Imports", inspection.imports.join(", ")),
        ("Needs", needs.join(", ")),
        ("Asked on", verbs(module).join(", ")),
        ("Settings", schema.map_or_else(String::new, |_| "checked against a JSON Schema".to_owned())),
    ];
    let mut text = String::new();
    for (key, value) in rows {
        let value = if value.is_empty() { "<none>".into() } else { escape(&value).into_owned() };
        let _ = writeln!(text, "{:<10} {value}", format!("{key}:"));
    }
    let mut rules = Table::new(vec!["RULE", "TITLE", "DOCS"]);
    for rule in &descriptor.rules {
        rules.push(vec![rule.code.clone(), rule.title.clone(), rule.docs.clone().unwrap_or_default()]);
    }
    if !descriptor.rules.is_empty() {
        let _ = write!(text, "\n{}", rules.render(true));
    }
    text
}

/// Its description, as a versioned document.
pub(super) fn document(module: &Module) -> anyhow::Result<Value> {
    let (inspection, descriptor) = (module.inspection(), module.descriptor());
    // A schema that is not JSON is shown as text.
    let schema = descriptor
        .settings_schema
        .as_ref()
        .map(|schema| serde_json::from_str(schema).unwrap_or_else(|_| Value::from(schema.clone())));
    Ok(json!({
        "apiVersion": API_VERSION,
        "kind": "PolicyModule",
        "id": descriptor.id,
        "version": descriptor.version,
        "title": descriptor.title,
        "docs": descriptor.docs,
        "digest": inspection.digest,
        "size": inspection.size,
        "exports": inspection.api,
        "imports": inspection.imports,
        "needs": descriptor.needs,
        "verbs": verbs(module),
        "settingsSchema": schema,
        "rules": serde_json::to_value(&descriptor.rules)?,
    }))
}

fn verbs(module: &Module) -> Vec<String> {
    let verbs = &module.descriptor().verbs;
    if verbs.is_empty() { vec!["add".to_owned()] } else { verbs.clone() }
}
