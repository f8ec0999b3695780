//! `__complete`: what a shell asks through kubectl's `kubectl_complete-egress`.

use std::ffi::OsString;

use clap::Args;

/// The words so far; the last one is to be completed and may be empty.
#[derive(Args, Debug)]
#[command(disable_help_flag = true)]
pub struct Complete {
    /// The words.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub words: Vec<OsString>,
}
