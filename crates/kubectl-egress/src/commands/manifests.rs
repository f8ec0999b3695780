//! Objects as files for `kubectl apply`, each once and in the order of writing.

use std::collections::BTreeSet;

use egress_core::dialect::Part;
use egress_render::format::OutputFormat;
use egress_render::manifest;
use serde_json::Value;

use crate::terminal::Terminal;

/// Prints the objects. Several hosts share a pair: it is printed with the first.
pub(super) fn print(
    parts: &[Part],
    api_version: &str,
    format: &OutputFormat,
    terminal: &mut Terminal,
) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    let parts: Vec<&Part> = parts.iter().filter(|part| seen.insert(part.resource.id.clone())).collect();
    let objects = || -> Result<Vec<Value>, serde_json::Error> {
        parts.iter().map(|part| part.resource.to_json(api_version)).collect()
    };
    let text = match format {
        OutputFormat::Yaml => manifest::yaml(&objects()?)?,
        OutputFormat::Json => manifest::json(&objects()?)?,
        OutputFormat::JsonPath(template) => template.render(&manifest::list(&objects()?))?,
        OutputFormat::Name | OutputFormat::Wide => {
            parts.iter().flat_map(|part| [manifest::name(&part.resource.id), "\n".to_owned()]).collect()
        }
    };
    terminal.result(&text)?;
    Ok(())
}
