//! `policy build`: what was typed.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// The line in the list of commands.
pub const ABOUT: &str = "Build a policy, and check the module";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Build a policy, and check the module.

Runs the build tools of the project's language, and `policy check` on the new module. With a Cargo.toml: `cargo build \
--release --target wasm32-wasip2`. With a package.json: `npm ci --ignore-scripts` if the packages changed, then `npm run \
build`, which writes dist/policy.wasm. With a requirements.txt: `pip install` into .venv, then build.py, which writes \
dist/policy.wasm.";

const EXAMPLES: &str = "\
Examples:
  # The project in this directory
  kubectl egress policy build

  # Another one
  kubectl egress policy build policies/hosts";

/// What was typed after `policy build`.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct Build {
    /// Directory of the project
    #[arg(value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    pub directory: PathBuf,

    /// Output format: json, yaml or jsonpath=TEMPLATE
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,
}
