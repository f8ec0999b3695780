//! EG109: the gateway's service account may read its Secrets.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::istio::server::selects;
use egress_core::istio::simulation::overlap;
use egress_core::snapshot::GatewayFacts;
use egress_istio::gateway::{GatewayServers, GatewayServersTlsMode};
use serde_json::json;

use super::secret_exists::CA_SUFFIX;
use crate::finding::{CheckOutcome, Code, Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::istio::client_tls::Mode;

use crate::kubernetes::access::Permission;
use crate::path::EgressPath;
use crate::rules::check::{Check, PathSegment, Run};
use crate::traffic::upstream::upstream;
use crate::view::View;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(109),
    name: "the gateway's service account may read its Secrets",
    level: Level::Error,
    segment: PathSegment::FromGateway,
    inputs: &[
        Input::VirtualServices,
        Input::GatewayObjects,
        Input::ServiceEntries,
        Input::DestinationRules,
        Input::AccessRoles,
    ],
    beside_the_walk: "It reads permissions of the gateway: a followed call ends at the host, with a certificate or \
                      without.",
    docs: "\
## What it checks
Secrets with a private key that the gateway asks istiod for: `credentialName` of Gateway servers that terminate TLS for the host,
and of TLS origination with mode `MUTUAL`. The service account of each gateway pod may list Secrets in its namespace, by Roles
and ClusterRoles, and the Secret is in that namespace. A Secret with only a CA certificate needs no permission.

The path of a call does not show this: the routes are right, and istiod does not hand out the certificate.

## Why it matters
istiod asks the API server whether the account of the proxy may list Secrets. If it may not, istiod sends no certificate: a
server does not open its port, and calls get 503 (\"Secret is not supplied by SDS\"). A Secret of another namespace is
never sent. See `filterAuthorizedResources` in `pilot/pkg/xds/sds.go` and `Authorize` in
`pilot/pkg/credentials/kube/secrets.go`.

## How to fix
Give the account a Role with `get`, `watch` and `list` of Secrets, as Istio's installation does for its own gateways.
",
    run: Run::PathThroughGateway(run),
};

/// A Secret that istiod sends only to accounts that may read it: its namespace, none for the pod's own, and where it is named.
struct NamedSecret {
    namespace: Option<String>,
    name: String,
    place: Place,
}

fn run(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> CheckOutcome {
    let named = named_secrets(view, path, gateway);
    let Some(first) = named.first() else { return CheckOutcome::NotApplicable };
    let pods = gateway.pods.iter().filter(|pod| !pod.finished);
    let accounts: BTreeSet<(&str, &str)> = pods
        .map(|pod| {
            let account = pod.service_account.as_str();
            (pod.namespace.as_str(), if account.is_empty() { "default" } else { account })
        })
        .collect();
    let own = gateway.name.namespace.as_str();
    let elsewhere =
        |secret: &&NamedSecret| secret.namespace.as_deref().is_some_and(|namespace| namespace != own);
    let mut found: Vec<Finding> =
        named.iter().filter(elsewhere).map(|secret| of_other_namespace(path, own, secret)).collect();
    let access = match view.access() {
        Ok(access) => access,
        Err(outcome) if found.is_empty() => return outcome,
        Err(_) => return CheckOutcome::Bad(found),
    };
    let mut looked_at = 0;
    for (namespace, account) in accounts {
        match access.lists_secrets(namespace, account) {
            Permission::Allowed => looked_at += 1,
            Permission::Refused => found.push(refused(path, (namespace, account), first)),
            // A role that is not among the files may allow it.
            Permission::Unknown if found.is_empty() => return CheckOutcome::NotGiven(Input::AccessRoles),
            Permission::Unknown => {}
        }
    }
    CheckOutcome::of(looked_at, found)
}

/// The Secrets of servers for the host, and of mTLS to it.
fn named_secrets(view: &View<'_>, path: &EgressPath<'_>, gateway: &GatewayFacts) -> Vec<NamedSecret> {
    let mut found = Vec::new();
    for object in view.gateway_objects_for(&path.host).into_iter().filter(|object| selects(object, gateway)) {
        let servers = object.gateway().and_then(|spec| spec.servers.as_deref()).unwrap_or_default();
        for (index, server) in servers.iter().enumerate().filter(|(_, server)| takes(server, &path.host)) {
            let named = server.tls.as_ref().and_then(|tls| tls.credential_name.as_deref());
            let field = format!("spec.servers[{index}].tls.credentialName");
            found.extend(named.and_then(|name| secret(name, Place::of(&object.id).field(field, name))));
        }
    }
    for upstream in upstream(view, path, gateway) {
        let Some(tls) = upstream.tls.filter(|tls| tls.mode == Mode::Mutual) else { continue };
        let field = format!("{}.credentialName", tls.field);
        let place = |name| Place::of(&tls.rule.id).field(field, name);
        found.extend(tls.credential_name.and_then(|name| secret(name, place(name))));
    }
    found
}

/// Whether a server terminates TLS for the host.
fn takes(server: &GatewayServers, host: &str) -> bool {
    use GatewayServersTlsMode::{AutoPassthrough, IstioMutual, Passthrough};
    let mode = server.tls.as_ref().and_then(|tls| tls.mode.as_ref());
    let bare = |name: &String| overlap(name.split_once('/').map_or(name.as_str(), |(_, name)| name), host);
    !matches!(mode, Some(Passthrough | AutoPassthrough | IstioMutual)) && server.hosts.iter().any(bare)
}

/// Names of other schemes are no Secrets, or are allowed by objects of the Gateway API.
fn secret(named: &str, place: Place) -> Option<NamedSecret> {
    let bare = named.strip_prefix("kubernetes://").unwrap_or(named);
    if bare.contains("://") || bare.is_empty() || bare.ends_with(CA_SUFFIX) {
        return None;
    }
    let (namespace, name) = match bare.split_once('/') {
        Some((namespace, name)) => (Some(namespace.to_owned()), name),
        None => (None, bare),
    };
    Some(NamedSecret { namespace, name: name.to_owned(), place })
}

fn refused(path: &EgressPath<'_>, (namespace, account): (&str, &str), secret: &NamedSecret) -> Finding {
    Finding {
        code: CHECK.code,
        // A cluster may have other authorizers than roles.
        confidence: Confidence::Inferred,
        level: CHECK.level,
        message: format!(
            "service account {account} of the gateway may not list Secrets in namespace {namespace}"
        ),
        object: secret.place.clone(),
        evidence: vec![format!("no Role and no ClusterRole that is bound to {account} allows it")],
        consequence: format!(
            "istiod does not send Secret `{}` to the gateway: calls to {} fail there",
            secret.name, path.host
        ),
        fix: allow(namespace, account),
    }
}

fn of_other_namespace(path: &EgressPath<'_>, own: &str, secret: &NamedSecret) -> Finding {
    let namespace = secret.namespace.as_deref().unwrap_or_default();
    let why = "copies it to the gateway's namespace; then name it without a namespace";
    Finding {
        code: CHECK.code,
        confidence: Confidence::Certain,
        level: CHECK.level,
        message: format!("the gateway gets no Secret of namespace {namespace}"),
        object: secret.place.clone(),
        evidence: vec![format!("its pods are in namespace {own}")],
        consequence: format!(
            "istiod does not send Secret `{}` to the gateway: calls to {} fail there",
            secret.name, path.host
        ),
        fix: fixes::copy_secret(&secret.name, namespace, own, why),
    }
}

/// The Role and the RoleBinding of Istio's own installation of gateways.
fn allow(namespace: &str, account: &str) -> Fix {
    const GROUP: &str = "rbac.authorization.k8s.io";
    let why = "lets the account read the Secrets of its namespace; istiod then sends them";
    let metadata = json!({ "name": format!("{account}-sds"), "namespace": namespace });
    let role = json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": "Role",
        "metadata": metadata,
        "rules": [{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "watch", "list"] }],
    });
    let binding = json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": { "apiGroup": GROUP, "kind": "Role", "name": format!("{account}-sds") },
        "subjects": [{ "kind": "ServiceAccount", "name": account, "namespace": namespace }],
    });
    fixes::one_after_the_other(fixes::apply(&role, why), [fixes::apply(&binding, why)], why)
}
