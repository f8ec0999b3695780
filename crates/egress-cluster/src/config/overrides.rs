//! Flags override the kubeconfig.
//!
//! Knows which field a flag replaces, and which other fields it clears.

use std::collections::HashMap;
use std::path::Path;

use kube::config::AuthInfo;
use serde_json::json;

use super::{ConnectOptions, Resolved};
use crate::error::{ClusterError, one_line};

/// Applies every connection flag.
pub(super) fn apply(resolved: &mut Resolved, options: &ConnectOptions) -> Result<(), ClusterError> {
    cluster(resolved, options);
    credentials(&mut resolved.auth, options)?;
    impersonation(&mut resolved.auth, options)
}

fn cluster(resolved: &mut Resolved, options: &ConnectOptions) {
    let cluster = &mut resolved.cluster;
    if options.server.is_some() {
        cluster.server.clone_from(&options.server);
        // As kubectl: with another server, the kubeconfig's `tls-server-name` no longer applies.
        cluster.tls_server_name = None;
    }
    if options.tls_server_name.is_some() {
        cluster.tls_server_name.clone_from(&options.tls_server_name);
    }
    if let Some(path) = &options.certificate_authority {
        cluster.certificate_authority = Some(text(path));
        cluster.certificate_authority_data = None;
    }
    if options.insecure_skip_tls_verify {
        cluster.insecure_skip_tls_verify = Some(true);
        cluster.certificate_authority = None;
        cluster.certificate_authority_data = None;
    }
}

fn credentials(auth: &mut AuthInfo, options: &ConnectOptions) -> Result<(), ClusterError> {
    if let Some(path) = &options.client_certificate {
        auth.client_certificate = Some(text(path));
        auth.client_certificate_data = None;
    }
    if let Some(path) = &options.client_key {
        auth.client_key = Some(text(path));
        auth.client_key_data = None;
    }
    if let Some(token) = &options.token {
        // Parsed from JSON: the field's type is from a crate that we do not need otherwise.
        let read: AuthInfo = serde_json::from_value(json!({ "token": token }))
            .map_err(|error| ClusterError::Kubeconfig(one_line(&error.to_string())))?;
        *auth = AuthInfo {
            token: read.token,
            // The client library would prefer these to the token.
            username: None,
            password: None,
            token_file: None,
            auth_provider: None,
            exec: None,
            ..std::mem::take(auth)
        };
    }
    Ok(())
}

fn impersonation(auth: &mut AuthInfo, options: &ConnectOptions) -> Result<(), ClusterError> {
    let lone = options.as_uid.is_some() || !options.as_groups.is_empty() || !options.as_user_extra.is_empty();
    if lone && options.as_user.is_none() && auth.impersonate.is_none() {
        return Err(ClusterError::Kubeconfig(
            "--as-uid, --as-group and --as-user-extra need --as".to_owned(),
        ));
    }
    if options.as_user.is_some() {
        auth.impersonate.clone_from(&options.as_user);
    }
    if options.as_uid.is_some() {
        auth.impersonate_uid.clone_from(&options.as_uid);
    }
    if !options.as_groups.is_empty() {
        auth.impersonate_groups = Some(options.as_groups.clone());
    }
    if !options.as_user_extra.is_empty() {
        auth.impersonate_user_extra = Some(extra(&options.as_user_extra)?);
    }
    Ok(())
}

fn extra(pairs: &[String]) -> Result<HashMap<String, Vec<String>>, ClusterError> {
    let mut extra: HashMap<String, Vec<String>> = HashMap::new();
    for pair in pairs {
        let (key, value) = pair.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
            ClusterError::Kubeconfig(format!("--as-user-extra expects KEY=VALUE, found `{}`", one_line(pair)))
        })?;
        extra.entry(key.to_owned()).or_default().push(value.to_owned());
    }
    Ok(extra)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
