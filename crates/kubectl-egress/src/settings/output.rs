//! Which output format was asked for.

use egress_core::host::printable;

use crate::exit::Failure;

/// For results with a JSON form only.
pub(super) fn is_json(format: Option<&str>) -> Result<bool, Failure> {
    match format {
        None => Ok(false),
        Some("json") => Ok(true),
        Some(other) => Err(unknown(other, "json")),
    }
}

/// A format that does not exist, in kubectl's words.
pub(super) fn unknown(format: &str, allowed: &str) -> Failure {
    Failure::usage(
        format!(
            "unable to match a printer suitable for the output format \"{}\", allowed formats are: {allowed}",
            printable(format)
        ),
        format!("type `-o {}`", allowed.split(',').next().unwrap_or(allowed)),
    )
}
