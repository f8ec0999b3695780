//! What the user can do so that a check can be made: a flag, a permission, a file, a request.
//!
//! The report says what was not checked, and why.

use std::collections::BTreeSet;

use egress_core::command::{ShellCommand, Word};
use egress_diagnose::check::{Code, Input};
use egress_diagnose::report::{NotChecked, Obstacle, Reason};

/// The check of the connection from the gateway to the host: it needs one request.
const CONNECTS: Code = Code(31);

/// The check that asks the Envoys of callers: without a pod of a caller it has nothing to ask.
const OF_CALLERS: Code = Code(27);

/// Where facts that were not given come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// Objects, which files can hold.
    Objects,
    /// Only a running cluster.
    Cluster,
}

/// What to do so that the checks of one reason can be made.
pub(super) fn of_silence(silence: &NotChecked, is_cluster: bool) -> Option<String> {
    match silence.reason {
        Reason::NoEvidence if silence.codes.contains(&OF_CALLERS) => {
            Some("start a pod with a sidecar there, then diagnose again".to_owned())
        }
        Reason::NoEvidence if silence.codes.contains(&CONNECTS) => Some(request(silence, is_cluster)),
        Reason::Unreadable => Some(match Refusal::parse(&silence.because) {
            Some(refusal) => format!("needs permission: {}", refusal.permission()),
            None => "diagnose again when it can be read".to_owned(),
        }),
        Reason::NoEvidence | Reason::NotGiven | Reason::Blocked => None,
    }
}

fn request(silence: &NotChecked, is_cluster: bool) -> String {
    let Some(host) = silence.hosts.first().filter(|_| is_cluster) else {
        return "send a request to the host, then diagnose again".to_owned();
    };
    let command = ShellCommand::new(["kubectl", "egress", "diagnose"]).word(Word::host(&host.host));
    let command = host.namespace.iter().fold(command, |command, name| command.in_namespace(name));
    match command.words(["--probe"]).as_text() {
        Some(text) => format!("send a request: {text}"),
        None => "send a request to the host, then diagnose again".to_owned(),
    }
}

/// What to do about hosts that are not walked.
pub(super) fn of_obstacle(obstacle: Obstacle, is_cluster: bool) -> &'static str {
    match (obstacle, is_cluster) {
        (Obstacle::Tcp | Obstacle::Wildcard | Obstacle::GatewayApi | Obstacle::Name, _) => {
            "connect from a pod, and look for the connection in the gateway's access log"
        }
        (Obstacle::Waypoint, _) => {
            "connect from a pod, and look for the connection in the waypoint's access log"
        }
        (Obstacle::NoGateway, true) => "install an egress gateway",
        (Obstacle::NoGateway, false) => "add the gateway's Service and pods to the files",
        (Obstacle::NoCaller, true) => "name the host, with the namespace that calls it: HOST -n NAMESPACE",
        (Obstacle::NoCaller, false) => {
            "add the callers' pods to the files, or name the host: HOST -n NAMESPACE"
        }
    }
}

/// What to do so that facts which were not given are there.
pub(super) fn of_missing(origin: Origin, inputs: &BTreeSet<Input>, is_cluster: bool) -> String {
    let words = match (origin, is_cluster) {
        (Origin::Objects, _) => {
            let kinds: BTreeSet<&str> =
                inputs.iter().flat_map(|input| self::origin(*input).1).copied().collect();
            let kinds: Vec<&str> = kinds.into_iter().collect();
            return format!("add them: kubectl get {} -A -o yaml", kinds.join(","));
        }
        (Origin::Cluster, true) if inputs.iter().eq([&Input::Rights]) => "name one namespace: -n NAMESPACE",
        (Origin::Cluster, true) => "apply the files, then diagnose without -f",
        (Origin::Cluster, false) => "diagnose the cluster: leave out -f",
    };
    words.to_owned()
}

/// Where facts of a kind come from, and what kubectl calls the objects that hold them.
pub(super) fn origin(input: Input) -> (Origin, &'static [&'static str]) {
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
        Input::NetworkPolicies => &["networkpolicies"],
        Input::Services => &["services"],
        Input::EndpointSlices => &["endpointslices"],
        Input::Workloads => &["deployments", "statefulsets", "daemonsets"],
        Input::Budgets => &["poddisruptionbudgets", "horizontalpodautoscalers"],
        Input::Webhooks => &["validatingwebhookconfigurations"],
        // A dump of Secrets would hold keys.
        Input::Secrets
        | Input::ControlPlane
        | Input::Rights
        | Input::GatewayProxies
        | Input::ClientProxies
        | Input::Policies
        | Input::Fleet => return (Origin::Cluster, &[]),
    };
    (Origin::Objects, objects)
}

/// What the API server says when a user lacks a permission, in parts:
/// `nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope`.
pub(super) struct Refusal<'a> {
    /// What stands before, such as what could not be read.
    before: &'a str,
    who: &'a str,
    verb: &'a str,
    resource: &'a str,
    namespace: Option<&'a str>,
}

impl<'a> Refusal<'a> {
    /// Reads it. `None` if it says more, such as a role that does not exist: that must be printed whole.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (before, said) = text.split_once(" is forbidden: ")?;
        let (who, rest) = said.split_once(" cannot ")?;
        let (verb, rest) = rest.split_once(" resource ")?;
        let is_all = rest.ends_with("at the cluster scope") || (rest.ends_with('"') && !rest.contains(": "));
        let resource = rest.strip_prefix('"')?.split('"').next()?;
        let namespace = rest.split_once("in the namespace \"").and_then(|(_, rest)| rest.strip_suffix('"'));
        is_all.then_some(Refusal { before, who, verb, resource, namespace })
    }

    /// `User "jane" cannot list them`: the same for many kinds.
    pub(super) fn of_all(&self) -> String {
        format!("{} cannot {} them", self.who, self.verb)
    }

    /// What could not be read, and `User "jane" cannot list nodes`.
    pub(super) fn short(&self) -> String {
        let Refusal { before, who, verb, resource, .. } = self;
        let before =
            before.strip_suffix(resource).and_then(|before| before.strip_suffix(": ")).unwrap_or(before);
        format!("{before}: {who} cannot {verb} {resource}")
    }

    /// `list nodes`, `create pods/portforward in namespace istio-system`.
    fn permission(&self) -> String {
        let place = self.namespace.map_or_else(String::new, |name| format!(" in namespace {name}"));
        format!("{} {}{place}", self.verb, self.resource)
    }
}
