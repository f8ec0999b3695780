//! What a diagnosis is made from, as typed.

use clap::Args;

/// Files instead of a cluster, or over it.
#[derive(Args, Clone, Debug, Default)]
pub struct Sources {
    /// File or directory with objects to diagnose instead of a cluster; `-` for standard input
    #[arg(short, long = "filename", value_name = "FILE")]
    pub filenames: Vec<String>,

    /// Process the directory used in -f, --filename recursively
    #[arg(short = 'R', long, requires = "filenames")]
    pub recursive: bool,

    /// Diagnose the cluster as it would be if the files were applied
    #[arg(long, requires = "filenames")]
    pub with_live: bool,
}
