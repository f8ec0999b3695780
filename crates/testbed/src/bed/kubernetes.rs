//! etcd, the API server and the controller manager of a bed. Knows nothing of Istio.

use std::{fs, path::Path, process::Command, time::Duration};

use super::{
    certificates::Certificates,
    handle::Bed,
    layout::{CONTROL_PLANE, SERVICE_NETWORK},
    netns, process, users,
};

/// The controllers that a bed needs. Those that would make, place or judge pods are not among them: the bed does
/// all of this itself.
const CONTROLLERS: &str = "serviceaccount-controller,namespace-controller,garbage-collector-controller,\
    endpointslice-controller,root-ca-certificate-publisher-controller,clusterrole-aggregation-controller,\
    validatingadmissionpolicy-status-controller,resourcequota-controller";

const AUDIT_POLICY: &str =
    r#"{"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}"#;

const LIMIT: Duration = Duration::from_mins(1);

/// Starts Kubernetes and waits until it answers.
pub(super) fn start(bed: &Bed, certificates: &Certificates) -> anyhow::Result<()> {
    let mut etcd = part(bed, "etcd");
    etcd.arg("-data-dir").arg(bed.layout.file("etcd"));
    process::start(&bed.layout, "etcd", etcd)?.until_it_says("ready", LIMIT)?;
    process::start(&bed.layout, "kube-apiserver", api_server(bed, certificates)?)?
        .until(LIMIT, || Ok(is_ready(bed)))?;
    let controllers = controller_manager(bed, &certificates.authority);
    // It has done its first work when every namespace has its default service account.
    process::start(&bed.layout, "kube-controller-manager", controllers)?.until(LIMIT, || {
        Ok(bed.kubectl(&["get", "serviceaccount", "default", "--namespace=default"]).is_ok())
    })
}

/// Whether the API server says of itself that it is ready.
pub(super) fn is_ready(bed: &Bed) -> bool {
    bed.kubectl(&["get", "--raw=/readyz"]).is_ok()
}

fn api_server(bed: &Bed, certificates: &Certificates) -> anyhow::Result<Command> {
    let policy = bed.layout.file("audit-policy.json");
    fs::write(&policy, AUDIT_POLICY)?;
    let mut command = part(bed, "kube-apiserver");
    command
        .arg("--etcd-servers=http://127.0.0.1:2379")
        .arg(format!("--bind-address={CONTROL_PLANE}"))
        .arg("--secure-port=6443")
        .args(flag("tls-cert-file", &certificates.server.certificate))
        .args(flag("tls-private-key-file", &certificates.server.key))
        .args(flag("token-auth-file", &bed.layout.file(users::TOKENS)))
        .args(["--authorization-mode=RBAC", "--anonymous-auth=false"])
        .arg("--service-account-issuer=https://kubernetes.default.svc.cluster.local")
        .args(flag("service-account-key-file", &certificates.token_public_key))
        .args(flag("service-account-signing-key-file", &certificates.token_key))
        .arg(format!("--service-cluster-ip-range={SERVICE_NETWORK}"))
        // No controller here would take away the taint that this one puts on new nodes.
        .arg("--disable-admission-plugins=TaintNodesByCondition")
        // Webhooks are called at the pod behind the Service: no kube-proxy runs here.
        .args(["--enable-aggregator-routing=true", "--endpoint-reconciler-type=none"])
        .args(flag("audit-policy-file", &policy))
        .args(flag("audit-log-path", &bed.audit_log()))
        // A line is there before the answer is: a test may count right after a request.
        .arg("--audit-log-mode=blocking")
        .args(["--allow-privileged=true", "--profiling=false", "--shutdown-delay-duration=0s"])
        .args(flag("cert-dir", &bed.layout.file("certificates")));
    Ok(command)
}

fn controller_manager(bed: &Bed, authority: &Path) -> Command {
    let mut command = part(bed, "kube-controller-manager");
    command
        .args(flag("kubeconfig", &bed.layout.file("kubeconfig/kube-controller-manager")))
        .args(flag("root-ca-file", authority))
        .args(flag("cert-dir", &bed.layout.file("certificates")))
        .args(["--leader-elect=false", "--bind-address=127.0.0.1", "--use-service-account-credentials=false"])
        .arg(format!("--controllers={CONTROLLERS}"));
    command
}

fn part(bed: &Bed, role: &str) -> Command {
    let mut command = netns::command(&bed.layout.control_plane(), &bed.programs.kube);
    command.arg(role);
    command
}

fn flag(name: &str, value: &Path) -> [std::ffi::OsString; 1] {
    let mut flag = std::ffi::OsString::from(format!("--{name}="));
    flag.push(value);
    [flag]
}
