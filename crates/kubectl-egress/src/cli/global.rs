//! The flags that kubectl gives to every command, with kubectl's names and meaning.
//!
//! kubectl refuses flags before a plugin's name, so a plugin has to offer all of them itself.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args};

use crate::settings::duration;

const HEADING: &str = "Connection flags, as in kubectl";

/// Flags of every command.
#[derive(Args, Clone, Debug)]
pub struct Global {
    /// If present, the namespace scope for this request: the caller namespace
    #[arg(short, long, global = true, value_name = "NAME")]
    pub namespace: Option<String>,

    /// Number for the log level verbosity; the log goes to stderr
    #[arg(short = 'v', long = "v", global = true, value_name = "LEVEL", default_value = "0")]
    #[arg(value_parser = verbosity)]
    #[arg(hide_short_help = true, hide_default_value = true, help_heading = HEADING)]
    pub verbosity: u8,

    /// Which cluster, as whom.
    #[command(flatten)]
    pub connection: Connection,
}

/// Which cluster, as whom.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = HEADING)]
pub struct Connection {
    /// Path to the kubeconfig file to use for CLI requests
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub kubeconfig: Option<PathBuf>,

    /// The name of the kubeconfig context to use
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub context: Option<String>,

    /// The name of the kubeconfig cluster to use
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub cluster: Option<String>,

    /// The name of the kubeconfig user to use
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub user: Option<String>,

    /// The address and port of the Kubernetes API server
    #[arg(short, long, global = true, value_name = "URL", hide_short_help = true)]
    pub server: Option<String>,

    /// Server name to use for server certificate validation
    #[arg(long, global = true, value_name = "NAME", hide_short_help = true)]
    pub tls_server_name: Option<String>,

    /// If true, the server's certificate will not be checked for validity
    #[arg(long, global = true, hide_short_help = true)]
    pub insecure_skip_tls_verify: bool,

    /// Path to a cert file for the certificate authority
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub certificate_authority: Option<PathBuf>,

    /// Path to a client certificate file for TLS
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub client_certificate: Option<PathBuf>,

    /// Path to a client key file for TLS
    #[arg(long, global = true, value_name = "FILE", hide_short_help = true)]
    pub client_key: Option<PathBuf>,

    /// Bearer token for authentication to the API server
    #[arg(long, global = true, value_name = "TOKEN", hide_short_help = true)]
    pub token: Option<String>,

    /// Username to impersonate for the operation
    #[arg(long = "as", global = true, value_name = "USER", hide_short_help = true)]
    pub as_user: Option<String>,

    /// UID to impersonate for the operation
    #[arg(long, global = true, value_name = "UID", hide_short_help = true)]
    pub as_uid: Option<String>,

    /// Group to impersonate for the operation, this flag can be repeated to specify multiple groups
    #[arg(long = "as-group", global = true, value_name = "GROUP", action = ArgAction::Append)]
    #[arg(hide_short_help = true)]
    pub as_groups: Vec<String>,

    /// User extra to impersonate for the operation, this flag can be repeated to specify multiple values
    #[arg(long, global = true, value_name = "KEY=VALUE", action = ArgAction::Append)]
    #[arg(hide_short_help = true)]
    pub as_user_extra: Vec<String>,

    /// If true, opt-out of response compression for all requests to the server
    #[arg(long, global = true, hide_short_help = true)]
    pub disable_compression: bool,

    /// The length of time to wait before giving up on a single server request, such as 1s, 2m, 3h; 0 means no limit
    #[arg(long, global = true, value_name = "DURATION", default_value = "0", hide_short_help = true)]
    #[arg(value_parser = duration::parse)]
    pub request_timeout: Duration,
}

fn verbosity(text: &str) -> Result<u8, String> {
    text.parse().map_err(|_| "expected a number such as 6".to_owned())
}
