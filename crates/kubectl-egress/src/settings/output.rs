//! The requested output format.

use egress_render::format::{FormatError, OutputFormat};

use crate::exit::Failure;

/// Reads `-o`; `allowed` are the formats of the command.
pub(super) fn resolve(format: Option<&str>, allowed: &[&str]) -> Result<Option<OutputFormat>, Failure> {
    let parsed = format.map(|text| OutputFormat::parse(text, allowed)).transpose();
    parsed.map_err(|error| {
        let hint = match error {
            FormatError::Unknown { .. } => "type `-o json`",
            FormatError::NoTemplate | FormatError::Template(_) => "type `-o jsonpath='{.items[*].host}'`",
        };
        Failure::usage(error.to_string(), hint)
    })
}
