//! What `-v` shows: the program's own trace, on stderr.
//!
//! Off by default: without `-v` nothing is set up, which costs no time.

use tracing_subscriber::EnvFilter;

/// Starts logging at kubectl's verbosity: 1 to 5 logs decisions, 6 to 8 every request, 9 everything.
pub fn start(verbosity: u8) {
    let directives = match verbosity {
        0 => return,
        1..=5 => "kubectl_egress=info,egress_cluster=info",
        6..=8 => "kubectl_egress=debug,egress_cluster=debug",
        _ => "trace",
    };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(directives))
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
}
