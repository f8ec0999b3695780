//! Which cluster, as whom: kubectl's flags, and the part of the environment that kubectl reads.
//!
//! The only reader of the environment, except for colour. `egress-cluster` interprets the values.

use std::env;
use std::path::PathBuf;

use egress_cluster::config::{ConnectOptions, ProxyEnvironment};

use crate::cli::global::Connection;

/// Puts flags and environment together.
pub(super) fn resolve(typed: &Connection) -> ConnectOptions {
    let typed = typed.clone();
    ConnectOptions {
        kubeconfig: typed.kubeconfig,
        kubeconfig_files: kubeconfig_files(),
        context: typed.context,
        cluster: typed.cluster,
        user: typed.user,
        server: typed.server,
        tls_server_name: typed.tls_server_name,
        insecure_skip_tls_verify: typed.insecure_skip_tls_verify,
        certificate_authority: typed.certificate_authority,
        client_certificate: typed.client_certificate,
        client_key: typed.client_key,
        token: typed.token,
        as_user: typed.as_user,
        as_uid: typed.as_uid,
        as_groups: typed.as_groups,
        as_user_extra: typed.as_user_extra,
        disable_compression: typed.disable_compression,
        // kubectl: zero means no limit.
        request_timeout: Some(typed.request_timeout).filter(|limit| !limit.is_zero()),
        proxy: ProxyEnvironment {
            https_proxy: either("HTTPS_PROXY", "https_proxy"),
            http_proxy: either("HTTP_PROXY", "http_proxy"),
            no_proxy: either("NO_PROXY", "no_proxy"),
        },
    }
}

fn kubeconfig_files() -> Vec<PathBuf> {
    match env::var_os("KUBECONFIG").filter(|list| !list.is_empty()) {
        Some(list) => env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect(),
        None => env::home_dir().map(|home| home.join(".kube").join("config")).into_iter().collect(),
    }
}

fn either(upper: &str, lower: &str) -> Option<String> {
    env::var(upper).or_else(|_| env::var(lower)).ok()
}
