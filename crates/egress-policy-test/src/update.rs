//! Updates the expectations in the text of a test file, and keeps all other text.
//!
//! Replaces text. `position` finds the expectations, `answer` makes the new expectations.

mod answer;
mod position;

use egress_render::document;
use serde_json::Value;
use thiserror::Error;

use super::expect::Expect;
use super::run::CaseReport;
use position::ExpectationPosition;

pub use answer::expectation;

/// Why a file cannot be updated.
#[derive(Debug, Error)]
pub enum UpdateError {
    /// The cases are not a list of maps.
    #[error("the cases of the file could not be found in its text")]
    Place,
    /// An answer cannot be written as YAML.
    #[error(transparent)]
    Render(#[from] egress_render::error::RenderError),
}

/// The text with new expectations for these cases: those that failed, by their index in the file.
pub fn update(text: &str, cases: &[(Option<&Expect>, &CaseReport)]) -> Result<String, UpdateError> {
    let positions = position::positions(text).filter(|positions| positions.len() == cases.len());
    let positions = positions.ok_or(UpdateError::Place)?;
    let mut updated = text.to_owned();
    // From the end, so that the places before stay where they are.
    for ((expected, case), position) in cases.iter().zip(&positions).rev() {
        if !case.problems.is_empty() {
            write(&mut updated, position, &answer::expectation(*expected, case))?;
        }
    }
    Ok(updated)
}

fn write(text: &mut String, position: &ExpectationPosition, value: &Value) -> Result<(), UpdateError> {
    match *position {
        ExpectationPosition::Flow { start, end, is_new } => {
            let key = if is_new { ", expect: " } else { "" };
            text.replace_range(start..end, &format!("{key}{value}"));
        }
        ExpectationPosition::Block { start, end, indent, is_new } => {
            let blanks = " ".repeat(indent);
            let key = if is_new { format!("\n{blanks}expect:") } else { String::new() };
            let yaml = document::yaml(value)?;
            let lines: Vec<String> = yaml.lines().map(|line| format!("\n{blanks}  {line}")).collect();
            text.replace_range(start..end, &format!("{key}{}", lines.concat()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
