//! `__check-settings`: how this program holds settings against a policy's JSON Schema, in a process of its own.

use clap::Args;

/// Reads a schema and settings from stdin and writes what the one has against the other to stdout.
#[derive(Args, Debug)]
pub struct CheckSettings {}
