//! `policy build`: builds the module with the tools of its language, and checks it.

mod javascript;
mod python;
mod rust;
mod tool;

use egress_render::document::API_VERSION;
use serde_json::json;

use super::{check, module};
use crate::commands::document;
use crate::exit::Code;
use crate::settings::policy::build::Build;
use crate::settings::policy::file::ModuleFile;
use crate::settings::policy::language::Language;
use crate::terminal::Terminal;

/// The module's path in a project whose tools have no default for it.
pub(super) const MODULE: &str = "dist/policy.wasm";

/// Builds and checks.
pub(super) fn run(settings: &Build, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let path = match settings.language {
        Language::Rust => rust::build(&settings.directory)?,
        Language::JavaScript => javascript::build(&settings.directory, terminal)?,
        Language::Python => python::build(&settings.directory, terminal)?,
    };
    let file = ModuleFile::read(&path)?;
    let module = module::load(&file, &settings.policies, terminal)?;
    let findings = check::findings(&module, None, &settings.policies);
    let text = match &settings.output {
        None => check::text(&module, &file.name, &findings),
        Some(format) => {
            let answer = json!({
                "apiVersion": API_VERSION,
                "kind": "PolicyBuild",
                "path": file.name,
                "module": module::document(&module)?,
                "findings": serde_json::to_value(&findings)?,
            });
            document::text(&answer, format)?
        }
    };
    terminal.result(&text)?;
    Ok(if findings.is_empty() { Code::Done } else { Code::Failed })
}
