//! Rows, plans, results and manifests as text: tables, YAML, JSON, jsonpath, diffs.
//!
//! Pure: values in, text out. Knows kubectl's layouts and words. Never prints, never decides whether colour is wanted,
//! and lets no control character of a cluster's text through.

pub mod admission;
pub mod audit;
pub mod bypass;
mod changes;
pub mod diff;
pub mod document;
pub mod duration;
pub mod error;
pub mod escape;
pub mod explain;
pub mod format;
pub mod inventory;
pub mod jsonpath;
pub mod junit;
pub mod manifest;
pub mod outcome;
pub mod palette;
pub mod plan;
pub mod policy;
pub mod report;
pub mod table;
