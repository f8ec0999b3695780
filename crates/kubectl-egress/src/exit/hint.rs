//! The exit code and the hint for an error of the libraries.
//!
//! Written for `kubectl egress`; the caller replaces the name.

use egress_cluster::ClusterError;
use egress_core::command::{ShellCommand, Word};
use egress_core::dialect::Refusal;
use egress_core::host::HostError;
use egress_core::operation::add::AddError;
use egress_core::operation::gateway::GatewayError;
use egress_core::operation::prune::NotAllRead;
use egress_core::operation::remove::RemoveError;
use egress_core::port::PortError;
use egress_core::target::TargetError;

use super::failure::Code;

/// The exit code and the hint of an error that does not carry them itself.
pub(super) fn of(error: &anyhow::Error) -> (Code, Option<String>) {
    error.chain().find_map(known).unwrap_or((Code::Failed, None))
}

fn known(cause: &(dyn std::error::Error + 'static)) -> Option<(Code, Option<String>)> {
    if let Some(error) = cause.downcast_ref::<ClusterError>() {
        let (code, hint) = cluster(error);
        return Some((code, Some(hint)));
    }
    if let Some(error) = cause.downcast_ref::<AddError>() {
        return Some(addition(error));
    }
    if let Some(error) = cause.downcast_ref::<GatewayError>() {
        let code = if let GatewayError::Several(_) = error { Code::Usage } else { Code::Failed };
        return Some((code, Some(gateway(error))));
    }
    if let Some(error) = cause.downcast_ref::<RemoveError>() {
        let code = if let RemoveError::Foreign { .. } = error { Code::Conflict } else { Code::Failed };
        return Some((code, Some(removal(error))));
    }
    cause.downcast_ref::<NotAllRead>().map(|_| {
        let hint = "leave out `--prune`: the two shared objects do no harm".to_owned();
        (Code::Unreachable, Some(hint))
    })
}

fn cluster(error: &ClusterError) -> (Code, String) {
    match error {
        ClusterError::Kubeconfig(_) => (
            Code::Unreachable,
            "type `kubectl config get-contexts`, or name a file: `--kubeconfig FILE`".to_owned(),
        ),
        ClusterError::Unreachable { .. } => (Code::Unreachable, "type `kubectl cluster-info`".to_owned()),
        ClusterError::Timeout { .. } => {
            (Code::Unreachable, "give it more time: `--request-timeout 1m`".to_owned())
        }
        ClusterError::Unauthorized(_) => {
            (Code::Unreachable, "log in again; `kubectl auth whoami` shows your user".to_owned())
        }
        ClusterError::Forbidden(_) => {
            (Code::Unreachable, "`kubectl auth can-i --list -n NAMESPACE` shows your permissions".to_owned())
        }
        ClusterError::PoliciesForbidden { namespace, name, .. } => (
            Code::Unreachable,
            format!(
                "to add or remove egress you need `get` on configmap `{name}` in namespace {namespace}, even if it does \
                 not exist, and on configmap `istio`, which names that namespace; an administrator can grant it:\n`{}`\n`{}`",
                role_of_readers(name, namespace),
                binding_of_readers(name, namespace)
            ),
        ),
        ClusterError::NoIstio => {
            (Code::Failed, "is this the right cluster? type `kubectl config current-context`".to_owned())
        }
        ClusterError::NoGateway { .. } => (
            Code::Failed,
            "type `kubectl get services -A -l istio=egressgateway` for the existing gateways".to_owned(),
        ),
        ClusterError::NamespaceNotFound(_) => (Code::Failed, "type `kubectl get namespaces`".to_owned()),
        ClusterError::Conflict { .. } => {
            (Code::Conflict, "talk to the owner, or take over the fields: `--force-conflicts`".to_owned())
        }
        ClusterError::Stale { .. } => {
            (Code::Conflict, "run the command again: it starts from the current state".to_owned())
        }
        ClusterError::Rejected { object, .. } => {
            let kind = object.kind.to_string().to_lowercase();
            let shown = ShellCommand::show(&kind, &object.name, &object.namespace);
            (Code::Failed, format!("type `{shown}` to see the object"))
        }
        ClusterError::Server { .. } | ClusterError::Unexpected(_) => {
            (Code::Failed, "run the same with `-v 6` to see each request".to_owned())
        }
    }
}

fn role_of_readers(name: &str, namespace: &str) -> ShellCommand {
    ShellCommand::new(["kubectl", "create", "role"])
        .word(Word::name(name).and("-reader"))
        .in_namespace(namespace)
        .words(["--verb=get", "--resource=configmaps"])
        .word(Word::from("--resource-name=").and(Word::name(name)))
        .word("--resource-name=istio")
}

fn binding_of_readers(name: &str, namespace: &str) -> ShellCommand {
    ShellCommand::new(["kubectl", "create", "rolebinding"])
        .word(Word::name(name).and("-reader"))
        .in_namespace(namespace)
        .word(Word::from("--role=").and(Word::name(name)).and("-reader"))
        .word("--group=system:authenticated")
}

/// What to type instead if a layout does not support the request.
pub(super) fn layout(refusal: &Refusal) -> String {
    match refusal {
        Refusal::PlainNeedsDocumented { .. } => {
            "add `--layout documented`, or leave out `--hop plain`".to_owned()
        }
        Refusal::DocumentedIsLocal(_) => {
            "leave out `--export-to`, or add the host in each namespace".to_owned()
        }
        Refusal::SeveralTlsPorts { host, .. } => format!("name one TLS port: `{host}:443`"),
        Refusal::Headless(_) => {
            "use `--layout shared`, or another gateway: `--gateway NAMESPACE/SERVICE`".to_owned()
        }
        Refusal::NoServicePort { .. } | Refusal::NoSelector(_) => {
            "name another gateway: `--gateway NAMESPACE/SERVICE`".to_owned()
        }
    }
}

/// What to do about a host that was not added.
fn addition(error: &AddError) -> (Code, Option<String>) {
    let hint = match error {
        AddError::Refused(refusal) => return (Code::Usage, Some(layout(refusal))),
        AddError::Merged(_) => Some("remove it first: `kubectl egress remove HOST`".to_owned()),
        AddError::Renamed { host, namespace, .. } => Some(format!(
            "remove it and add it again: `{}`",
            ShellCommand::new(["kubectl", "egress", "remove"])
                .word(Word::host(host.as_str()))
                .in_namespace(namespace)
        )),
        AddError::Conflicts(conflicts) => conflicts.first().map(|first| first.hint.clone()),
    };
    (Code::Conflict, hint)
}

/// What to do about a gateway that cannot be used.
fn gateway(error: &GatewayError) -> String {
    match error {
        GatewayError::Several(names) => {
            format!("name one: `--gateway {}`", names.first().map(String::as_str).unwrap_or_default())
        }
        GatewayError::NotFound { near: Some(near) } => format!("type `--gateway {near}`"),
        GatewayError::NotFound { near: None } => {
            "install one with Istio's `gateway` chart, or name yours: `--gateway NAMESPACE/SERVICE`"
                .to_owned()
        }
        GatewayError::NotReady { name, .. } => format!(
            "see them: `{}`",
            ShellCommand::new(["kubectl", "get", "pods"]).in_namespace(&name.namespace).words(["-o", "wide"])
        ),
    }
}

/// What to do about a host that was not removed.
fn removal(error: &RemoveError) -> String {
    match error {
        RemoveError::Foreign { host, namespace, .. } => format!(
            "to remove it anyway: `{}`",
            ShellCommand::new(["kubectl", "egress", "remove"])
                .word(Word::host(host.as_str()))
                .in_namespace(namespace)
                .word("--force")
        ),
        RemoveError::NotFound { namespace, .. } => format!(
            "see the existing egresses: `{}`",
            ShellCommand::new(["kubectl", "egress", "list"]).in_namespace(namespace)
        ),
    }
}

/// What to type instead of a refused HOST.
pub fn target(error: &TargetError) -> String {
    match error {
        TargetError::Host(error) => host(error),
        TargetError::Port { host, error } => port(host, error),
        TargetError::Wildcard(_) => "name each host: `www.example.com api.example.com`".to_owned(),
        TargetError::Address(_) => "name the host that the application calls: `edition.cnn.com`".to_owned(),
        TargetError::Scheme(_) => "type `https://HOST`, or `HOST:PORT/TLS`".to_owned(),
        TargetError::Credentials => "leave out the user and password: `https://edition.cnn.com`".to_owned(),
        TargetError::Form(_) => {
            "type `edition.cnn.com`, `edition.cnn.com:8443/TLS` or `https://edition.cnn.com`".to_owned()
        }
    }
}

fn host(error: &HostError) -> String {
    match error {
        HostError::SingleLabel(name) => format!("type the full name, such as `{name}.example.com`"),
        HostError::Internal { .. } => {
            "calls inside the cluster need no egress; type a host outside the mesh: `edition.cnn.com`"
                .to_owned()
        }
        HostError::ForbiddenAddress { .. } => "type a host outside the mesh: `edition.cnn.com`".to_owned(),
        HostError::Wildcard(_) => "name each host: `www.example.com api.example.com`".to_owned(),
        _ => "type a host such as `edition.cnn.com`".to_owned(),
    }
}

fn port(host: &str, error: &PortError) -> String {
    match error {
        PortError::Ambiguous(number) => format!("type `{host}:{number}/TLS` or `{host}:{number}/HTTP`"),
        PortError::Reserved(_) => {
            "a host on this port cannot be called through a sidecar; use another port".to_owned()
        }
        PortError::Number(_) => format!("type `{host}:443/TLS`"),
        PortError::Protocol(_) => format!("type `{host}:PORT/TLS` or `{host}:PORT/HTTP`"),
    }
}
