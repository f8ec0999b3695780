//! Reading kubeconfig files and choosing context, cluster and user in them.
//!
//! Knows the rules for the files, not the flags that override their fields.

use std::io;

use kube::config::{AuthInfo, Cluster, Context, Kubeconfig, KubeconfigError};

use super::{ConnectOptions, Resolved};
use crate::error::{ClusterError, one_line};

/// The kubeconfig: one file that must exist, or several merged files, each of which may be missing.
pub(super) fn read(options: &ConnectOptions) -> Result<Kubeconfig, ClusterError> {
    if let Some(path) = &options.kubeconfig {
        return Kubeconfig::read_from(path).map_err(|error| unusable(&error));
    }
    let mut merged = Kubeconfig::default();
    for path in &options.kubeconfig_files {
        let next = match Kubeconfig::read_from(path) {
            Err(KubeconfigError::ReadConfig(error, _)) if error.kind() == io::ErrorKind::NotFound => continue,
            read => read.map_err(|error| unusable(&error))?,
        };
        merged = merged.merge(next).map_err(|error| unusable(&error))?;
    }
    // client-go writes `current-context: ""` into a fresh file.
    merged.current_context = merged.current_context.filter(|context| !context.is_empty());
    Ok(merged)
}

/// The chosen context.
pub(super) fn context(kubeconfig: &Kubeconfig, options: &ConnectOptions) -> Result<Context, ClusterError> {
    let Some(name) = options.context.as_ref().or(kubeconfig.current_context.as_ref()) else {
        return Ok(Context::default());
    };
    let named = kubeconfig.contexts.iter().find(|context| context.name == *name);
    named.and_then(|named| named.context.clone()).ok_or_else(|| missing("context", name))
}

/// Context, cluster and user by name, before any other flag.
pub(super) fn select(kubeconfig: &Kubeconfig, options: &ConnectOptions) -> Result<Resolved, ClusterError> {
    let context = context(kubeconfig, options)?;
    let cluster = cluster(kubeconfig, options, &context)?;
    let auth = user(kubeconfig, options, &context)?;
    let namespace = context.namespace.filter(|namespace| !namespace.is_empty());
    Ok(Resolved { cluster, auth, namespace: namespace.unwrap_or_else(|| "default".to_owned()) })
}

/// A kubeconfig error in one line.
pub(super) fn unusable(error: &KubeconfigError) -> ClusterError {
    ClusterError::Kubeconfig(one_line(&error.to_string()))
}

fn cluster(
    kubeconfig: &Kubeconfig,
    options: &ConnectOptions,
    context: &Context,
) -> Result<Cluster, ClusterError> {
    let name = options.cluster.as_ref().unwrap_or(&context.cluster);
    let named = kubeconfig.clusters.iter().find(|cluster| cluster.name == *name);
    match named.and_then(|named| named.cluster.clone()) {
        Some(cluster) => Ok(cluster),
        // `--server` alone is enough, as with kubectl.
        None if options.cluster.is_none() && options.server.is_some() => Ok(Cluster::default()),
        None => Err(missing("cluster", name)),
    }
}

/// A context without a user, or with an unlisted user, is anonymous, as with kubectl. A user given by flag must exist.
fn user(
    kubeconfig: &Kubeconfig,
    options: &ConnectOptions,
    context: &Context,
) -> Result<AuthInfo, ClusterError> {
    let name = options.user.as_ref().or(context.user.as_ref());
    let named = kubeconfig.auth_infos.iter().find(|user| Some(&user.name) == name);
    match (named.and_then(|named| named.auth_info.clone()), &options.user) {
        (Some(auth), _) => Ok(auth),
        (None, Some(name)) => Err(missing("auth info", name)),
        (None, None) => Ok(AuthInfo::default()),
    }
}

fn missing(what: &str, name: &str) -> ClusterError {
    ClusterError::Kubeconfig(format!("{what} \"{}\" does not exist", one_line(name)))
}
