//! Goldens of everything that is printed: `SNAPSHOTS=overwrite` blesses, and what is blessed is read.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read is a failed test")]

mod audit;
mod change;
mod fixtures;
mod jsonpath;
mod list;
mod manifest;
mod policy;
mod result;
mod schema;
