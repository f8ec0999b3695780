//! The marked request of a diagnosis, as typed.

use clap::Args;

/// Whether a request is sent.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Probing {
    /// Send one marked request from the client pod, and find it at the gateway
    ///
    /// curl or wget in the application's container sends it, after a question. The pod is that of --for, or a ready pod
    /// of the namespace.
    #[arg(long, requires = "hosts")]
    #[arg(conflicts_with_all = ["filenames", "from", "watch", "bypass", "explain", "summary"])]
    pub probe: bool,

    /// Do not ask before sending the request of --probe
    #[arg(short, long, requires = "probe")]
    pub yes: bool,
}
