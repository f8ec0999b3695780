//! Builds a connection's configuration from kubectl's flags and a kubeconfig.
//!
//! Knows precedence: a flag beats the kubeconfig, the kubeconfig beats the pod's own service account. Contacts nothing.

use std::path::PathBuf;
use std::time::Duration;

use kube::Config;
use kube::config::{AuthInfo, Cluster, ExecAuthCluster};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::error::{ClusterError, one_line};

mod kubeconfig;
mod overrides;
mod proxy;

pub use proxy::ProxyEnvironment;

/// kubectl's connection flags, and the environment variables that kubectl reads, too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectOptions {
    /// `--kubeconfig`: the only file read.
    pub kubeconfig: Option<PathBuf>,
    /// Without `--kubeconfig`: the files of `KUBECONFIG`, or `~/.kube/config`. Merged in order; missing ones are skipped.
    pub kubeconfig_files: Vec<PathBuf>,
    /// `--context`.
    pub context: Option<String>,
    /// `--cluster`.
    pub cluster: Option<String>,
    /// `--user`.
    pub user: Option<String>,
    /// `--server`.
    pub server: Option<String>,
    /// `--tls-server-name`.
    pub tls_server_name: Option<String>,
    /// `--insecure-skip-tls-verify`.
    pub insecure_skip_tls_verify: bool,
    /// `--certificate-authority`.
    pub certificate_authority: Option<PathBuf>,
    /// `--client-certificate`.
    pub client_certificate: Option<PathBuf>,
    /// `--client-key`.
    pub client_key: Option<PathBuf>,
    /// `--token`.
    pub token: Option<String>,
    /// `--as`.
    pub as_user: Option<String>,
    /// `--as-uid`.
    pub as_uid: Option<String>,
    /// `--as-group`.
    pub as_groups: Vec<String>,
    /// `--as-user-extra`, as `KEY=VALUE`.
    pub as_user_extra: Vec<String>,
    /// `--disable-compression`.
    pub disable_compression: bool,
    /// `--request-timeout`; `None`: no limit.
    pub request_timeout: Option<Duration>,
    /// `HTTPS_PROXY` and `NO_PROXY`.
    pub proxy: ProxyEnvironment,
}

/// The configuration of a connection, resolved from flags and kubeconfig.
pub(crate) struct Resolved {
    pub(crate) cluster: Cluster,
    pub(crate) auth: AuthInfo,
    pub(crate) namespace: String,
}

/// The namespace of the current context: `default` without a kubeconfig. Contacts nothing.
///
/// # Errors
/// [`ClusterError::Kubeconfig`] when a file exists and cannot be read, or a context is named that does not exist.
pub fn current_namespace(options: &ConnectOptions) -> Result<String, ClusterError> {
    let kubeconfig = kubeconfig::read(options)?;
    if options.context.is_none() && kubeconfig.current_context.is_none() {
        return Ok("default".to_owned());
    }
    Ok(kubeconfig::context(&kubeconfig, options)?
        .namespace
        .filter(|namespace| !namespace.is_empty())
        .unwrap_or_else(|| "default".to_owned()))
}

/// The client library's configuration for these options.
pub(crate) fn resolve(options: &ConnectOptions) -> Result<Config, ClusterError> {
    let kubeconfig = kubeconfig::read(options)?;
    let nothing_chosen = options.context.is_none() && kubeconfig.current_context.is_none();
    if nothing_chosen && options.cluster.is_none() && options.server.is_none() {
        return in_cluster();
    }
    let mut resolved = kubeconfig::select(&kubeconfig, options)?;
    overrides::apply(&mut resolved, options)?;
    build(resolved, options)
}

fn in_cluster() -> Result<Config, ClusterError> {
    Config::incluster().map_err(|_| {
        ClusterError::Kubeconfig(
            "no configuration has been provided: the kubeconfig has no current context".to_owned(),
        )
    })
}

/// Does not use the client library's own constructor: it reads the proxy from the environment, and fails on `NO_PROXY`
/// values that all other programs accept.
fn build(resolved: Resolved, options: &ConnectOptions) -> Result<Config, ClusterError> {
    let Resolved { cluster, mut auth, namespace } = resolved;
    let server = cluster.server.as_deref().filter(|server| !server.is_empty());
    let server = server.ok_or_else(|| ClusterError::Kubeconfig("the cluster has no server".to_owned()))?;
    // Never printed, and no password stands in a word that a shell keeps in its history.
    if server.contains('@') {
        return Err(ClusterError::Kubeconfig(
            "the server's address contains a user or a password: expected `https://HOST:PORT`, and the login under `users` of the \
             kubeconfig or in `--token`"
                .to_owned(),
        ));
    }
    let address = if server.contains("://") { server.to_owned() } else { format!("http://{server}") };
    let url = address
        .parse::<hyper::Uri>()
        .ok()
        .filter(|url| url.host().is_some_and(|host| !host.is_empty()))
        .ok_or_else(|| ClusterError::Kubeconfig(format!("server `{}` is not a URL", one_line(server))))?;
    let loaded = ExecAuthCluster::try_from(&cluster).map_err(|error| kubeconfig::unusable(&error))?;
    let mut config = Config::new(url);
    config.root_cert = loaded.certificate_authority_data.as_deref().map(certificates).transpose()?;
    if let Some(exec) = auth.exec.as_mut().filter(|exec| exec.provide_cluster_info) {
        exec.cluster = Some(loaded);
    }
    config.proxy_url = proxy::choose(cluster.proxy_url.as_deref(), &config.cluster_url, &options.proxy)?;
    config.default_namespace = namespace;
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or(false);
    config.tls_server_name = cluster.tls_server_name;
    config.disable_compression = options.disable_compression || cluster.disable_compression.unwrap_or(false);
    config.auth_info = auth;
    Ok(config)
}

fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, ClusterError> {
    let unreadable =
        |problem: String| ClusterError::Kubeconfig(format!("certificate authority: {}", one_line(&problem)));
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let read = read.map_err(|error| unreadable(error.to_string()))?;
    if read.is_empty() {
        return Err(unreadable("it contains no certificate".to_owned()));
    }
    Ok(read.into_iter().map(|certificate| certificate.to_vec()).collect())
}

#[cfg(test)]
mod tests;
