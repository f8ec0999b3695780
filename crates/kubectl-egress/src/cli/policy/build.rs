//! `policy build`: what was typed.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// The line in the list of commands.
pub const ABOUT: &str = "Build a policy, and check the module";

/// What `--help` says.
pub const LONG_ABOUT: &str = "\
Build a policy, and check the module.

Runs the tools of the project's language, and `policy check` on the module they make. Where there is a Cargo.toml: `cargo \
build --release --target wasm32-wasip2`. A package.json: `npm ci --ignore-scripts` when the packages changed, and `npm run \
build`, which makes dist/policy.wasm. A requirements.txt: `pip install` into .venv, and build.py, which makes \
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
