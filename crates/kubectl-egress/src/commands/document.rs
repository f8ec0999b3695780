//! A result as the document that `-o` asks for.

use egress_render::document::{json, yaml};
use egress_render::error::RenderError;
use egress_render::format::OutputFormat;
use serde_json::Value;

/// The document in a format, with a newline at the end. `name` and `wide` are no documents; a command that offers them
/// writes them itself, and asks for the rest here.
pub(super) fn text(value: &Value, format: &OutputFormat) -> Result<String, RenderError> {
    match format {
        OutputFormat::Yaml => yaml(value),
        OutputFormat::JsonPath(template) => template.render(value),
        OutputFormat::Json | OutputFormat::Name | OutputFormat::Wide => json(value),
    }
}
