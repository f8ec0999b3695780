//! How a check that was not made can be made: a flag, a permission, a file, a request.

use std::collections::BTreeSet;

use egress_core::command::{ShellCommand, Word};
use egress_core::input::Input;
use egress_core::missing_permission::MissingPermission;
use egress_diagnose::finding::Awaited;
use egress_diagnose::path::Obstacle;
use egress_diagnose::report::{FactsOrigin, NotChecked, Reason};

/// Where facts would come from that were not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum MissingFacts {
    /// Objects, which files can hold.
    Objects,
    /// Only a running cluster.
    Cluster,
}

/// How the checks of one reason can be made.
pub(super) fn of_not_checked(not_checked: &NotChecked, source: FactsOrigin) -> Option<String> {
    match (not_checked.reason, &not_checked.awaited) {
        (Reason::NoEvidence, Some(Awaited::Client { .. })) => {
            Some("start a pod with a sidecar there, then diagnose again".to_owned())
        }
        (Reason::NoEvidence, Some(Awaited::Connection { .. })) => Some(request(not_checked, source)),
        (Reason::Unreadable, _) => Some(match &not_checked.missing_permission {
            Some(missing) => format!("needs permission: {}", permission(missing)),
            None => "diagnose again when it can be read".to_owned(),
        }),
        (Reason::NoEvidence | Reason::NotGiven | Reason::Blocked, _) => None,
    }
}

fn request(not_checked: &NotChecked, source: FactsOrigin) -> String {
    let Some(host) = not_checked.hosts.first().filter(|_| source == FactsOrigin::Cluster) else {
        return "send a request to the host, then diagnose again".to_owned();
    };
    let command = ShellCommand::new(["kubectl", "egress", "diagnose"]).word(Word::host(&host.host));
    let command = host.namespace.iter().fold(command, |command, name| command.in_namespace(name));
    match command.words(["--probe"]).as_text() {
        Some(text) => format!("send a request: {text}"),
        None => "send a request to the host, then diagnose again".to_owned(),
    }
}

/// How hosts that no check follows can be checked.
pub(super) fn of_obstacle(obstacle: Obstacle, source: FactsOrigin) -> &'static str {
    match (obstacle, source) {
        (
            Obstacle::Tcp
            | Obstacle::Wildcard
            | Obstacle::Endpoints
            | Obstacle::GatewayApi
            | Obstacle::EnvoyFilter
            | Obstacle::Name,
            _,
        ) => "connect from a pod, and look for the connection in the gateway's access log",
        (Obstacle::Waypoint, _) => {
            "connect from a pod, and look for the connection in the waypoint's access log"
        }
        (Obstacle::NotGiven, _) => "diagnose the cluster, or files with these objects",
        (Obstacle::NoGateway, FactsOrigin::Cluster) => "install an egress gateway",
        (Obstacle::NoGateway, FactsOrigin::Files) => "add the gateway's Service and pods to the files",
        (Obstacle::MissingService, _) => "name a Service that exists in the route's `destination.host`",
        (Obstacle::Undiscovered, _) => {
            "give the namespace a label that `discoverySelectors` of the mesh configuration select"
        }
        (Obstacle::NoCaller, FactsOrigin::Cluster) => {
            "name the host, with the namespace that calls it: HOST -n NAMESPACE"
        }
        (Obstacle::NoCaller, FactsOrigin::Files) => {
            "add the callers' pods to the files, or name the host: HOST -n NAMESPACE"
        }
    }
}

/// How to provide facts that were not given.
pub(super) fn of_missing(origin: MissingFacts, inputs: &BTreeSet<Input>, source: FactsOrigin) -> String {
    let words = match (origin, source) {
        (MissingFacts::Objects, _) => {
            let kinds: BTreeSet<&str> =
                inputs.iter().flat_map(|input| self::origin(*input).1).copied().collect();
            let kinds: Vec<&str> = kinds.into_iter().collect();
            return format!("add them: kubectl get {} -A -o yaml", kinds.join(","));
        }
        (MissingFacts::Cluster, FactsOrigin::Cluster) if inputs.iter().eq([&Input::Rights]) => {
            "name one namespace: -n NAMESPACE"
        }
        (MissingFacts::Cluster, FactsOrigin::Cluster) => "apply the files, then diagnose without -f",
        (MissingFacts::Cluster, FactsOrigin::Files) => "diagnose the cluster: leave out -f",
    };
    words.to_owned()
}

/// Where facts of a kind come from, and what kubectl calls the objects that hold them.
pub(super) fn origin(input: Input) -> (MissingFacts, &'static [&'static str]) {
    let objects: &[&str] = match input {
        Input::Mesh => &["configmaps"],
        Input::Gateways => &["services", "pods"],
        Input::Nodes => &["nodes"],
        Input::Namespaces => &["namespaces"],
        Input::Pods => &["pods"],
        Input::ServiceEntries => &["serviceentries"],
        Input::VirtualServices => &["virtualservices"],
        Input::DestinationRules => &["destinationrules"],
        Input::GatewayObjects => &["gateways.networking.istio.io"],
        Input::Sidecars => &["sidecars"],
        Input::AuthorizationPolicies => &["authorizationpolicies"],
        Input::PeerAuthentications => &["peerauthentications"],
        Input::GatewayApi => &["gateways.gateway.networking.k8s.io", "httproutes"],
        Input::EnvoyFilters => &["envoyfilters"],
        Input::NetworkPolicies => &["networkpolicies"],
        Input::WorkloadEntries => &["workloadentries"],
        Input::Services => &["services"],
        Input::EndpointSlices => &["endpointslices"],
        Input::Workloads => &["deployments", "statefulsets", "daemonsets"],
        Input::Budgets => &["poddisruptionbudgets", "horizontalpodautoscalers"],
        Input::AccessRoles => &["roles", "clusterroles", "rolebindings", "clusterrolebindings"],
        Input::Webhooks => &["validatingwebhookconfigurations"],
        // A dump of Secrets would contain private keys.
        Input::Secrets
        | Input::ControlPlane
        | Input::Rights
        | Input::GatewayProxies
        | Input::ClientProxies
        | Input::Policies
        | Input::Fleet => return (MissingFacts::Cluster, &[]),
    };
    (MissingFacts::Objects, objects)
}

/// `User "jane" cannot list them`: equal for all kinds.
pub(super) fn of_all_kinds(missing: &MissingPermission) -> String {
    format!("{} cannot {} them", missing.who, missing.verb)
}

/// The facts that could not be read, and `User "jane" cannot list nodes`.
pub(super) fn in_short(missing: &MissingPermission) -> String {
    let MissingPermission { before, who, verb, resource, .. } = missing;
    format!("{before}: {who} cannot {verb} {resource}")
}

/// `list nodes`, `create pods/portforward in namespace istio-system`.
fn permission(missing: &MissingPermission) -> String {
    let place = missing.namespace.as_ref().map_or_else(String::new, |name| format!(" in namespace {name}"));
    format!("{} {}{place}", missing.verb, missing.resource)
}
