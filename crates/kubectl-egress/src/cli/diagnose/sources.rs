//! What a diagnosis is made from, as typed.

use std::path::PathBuf;

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

    /// Write the input of the diagnosis, without secrets, to this .tar.gz file
    #[arg(long, value_name = "FILE", conflicts_with = "watch")]
    pub bundle: Option<PathBuf>,

    /// Diagnose a file written by --bundle instead of a cluster
    #[arg(long, value_name = "FILE", conflicts_with_all = ["filenames", "bundle"])]
    pub from: Option<PathBuf>,

    /// Compare with another cluster: a file that --bundle wrote there; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with = "watch")]
    pub beside: Vec<PathBuf>,
}
