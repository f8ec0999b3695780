//! ServiceEntries: who may declare an upstream, and where it leads.
//!
//! Knows the entries that `add` writes. A WorkloadEntry cannot answer for them, since they select none.

use serde_json::Value;

use super::common::{self, is_below, is_outside, is_own, is_upstream_of};
use super::judge::{self, Judged, items, only, single, string};
use super::rule::GuardRule;
use super::scope::Guard;
use crate::admission::{AdmissionPolicy, Clause, ResourceRule, list};
use crate::dialect::{HTTP_HOP, TLS_HOP};
use crate::intent::Layout;
use crate::role::{Kind, Role};

pub(super) fn policy(guard: &Guard) -> AdmissionPolicy {
    let upstream = [
        common::only(
            "variables.spec",
            &["hosts", "exportTo", "ports", "location", "resolution", "endpoints"],
        ),
        "size(variables.hosts) == 1".to_owned(),
        "variables.shape".to_owned(),
        "variables.spec.?location.orValue('') == 'MESH_EXTERNAL'".to_owned(),
        "size(variables.endpoints) == 1".to_owned(),
        common::only("variables.endpoints[0]", &["address"]),
        is_outside("variables.address"),
        is_upstream_of("variables.hosts[0]", "variables.address"),
        "size(variables.exportTo) == 1".to_owned(),
        format!("variables.exportTo[0] in {}", list(guard.namespaces())),
    ];
    let client = [
        common::only("variables.spec", &["hosts", "exportTo", "ports", "location", "resolution"]),
        "variables.hosts == [variables.host]".to_owned(),
        is_outside("variables.host"),
        "variables.shape".to_owned(),
        "variables.spec.?location.orValue('MESH_EXTERNAL') == 'MESH_EXTERNAL'".to_owned(),
    ];
    let services = guard.service_hosts();
    let through_gateway = [
        common::only(
            "variables.spec",
            &["hosts", "exportTo", "ports", "location", "resolution", "endpoints"],
        ),
        "variables.hosts == [variables.host]".to_owned(),
        is_outside("variables.host"),
        "variables.spec.?location.orValue('') == 'MESH_INTERNAL'".to_owned(),
        "variables.spec.?resolution.orValue('') == 'DNS'".to_owned(),
        format!(
            "size(variables.ports) > 0 && variables.ports.all(p, {} \
             && p.?targetPort.orValue(p.?number.orValue(0)) == (p.?protocol.orValue('') == 'HTTP' ? {HTTP_HOP} : {TLS_HOP}) \
             && p.?protocol.orValue('') in ['HTTP', 'TLS'])",
            common::only("p", &["number", "name", "protocol", "targetPort"])
        ),
        "size(variables.endpoints) == 1".to_owned(),
        common::only("variables.endpoints[0]", &["address"]),
        format!("variables.address in {}", list(services.iter().map(String::as_str))),
    ];
    let mut variables = common::variables();
    variables.extend([
        Clause::new("hosts", "variables.spec.?hosts.orValue([])"),
        Clause::new("below", format!("variables.hosts.filter(h, {})", is_below("h"))),
        Clause::new("exportTo", "variables.spec.?exportTo.orValue([])"),
        Clause::new("endpoints", "variables.spec.?endpoints.orValue([])"),
        Clause::new(
            "address",
            "size(variables.endpoints) == 1 ? variables.endpoints[0].?address.orValue('') : ''",
        ),
        Clause::new("ports", "variables.spec.?ports.orValue([])"),
        Clause::new(
            "shape",
            format!(
                "variables.spec.?resolution.orValue('') == 'DNS' && size(variables.ports) > 0 \
                 && variables.ports.all(p, {} && p.?protocol.orValue('') in ['HTTP', 'TLS'])",
                common::only("p", &["number", "name", "protocol"])
            ),
        ),
        Clause::new("upstream", upstream.join(" && ")),
        Clause::new("client", client.join(" && ")),
        Clause::new("throughGateway", through_gateway.join(" && ")),
        Clause::new(
            "recorded",
            "object.metadata.?annotations[?'kubectl-egress.github.io/ports'].orValue('') == \
             variables.ports.map(p, string(p.number) + '/' + p.?protocol.orValue('')).join(',') \
             && object.metadata.?annotations[?'kubectl-egress.github.io/gateway'].orValue('') in ",
        ),
    ]);
    // The record stands on another object in each layout.
    if let Some(recorded) = variables.last_mut() {
        recorded.expression.push_str(&gateways(guard));
    }
    let layout = "object.metadata.?annotations[?'kubectl-egress.github.io/layout'].orValue('')";
    let record = format!(
        "!variables.claims \
         || (variables.role == 'upstream' && variables.upstream && variables.host == variables.address && variables.recorded \
         && {layout} in {}) \
         || (variables.role == 'client' && variables.throughGateway && {layout} == '') \
         || (variables.role == 'client' && variables.client \
         && ({layout} == '' || ({layout} in {} && variables.recorded)))",
        list(recorded_on(Role::Upstream)),
        list(recorded_on(Role::Client)),
    );
    let rules = [
        (GuardRule::UpstreamHost, format!("variables.below.all(h, {} && !h.contains('*'))", is_own("h"))),
        (GuardRule::UpstreamShape, "size(variables.below) == 0 || variables.upstream".to_owned()),
        (GuardRule::Record, record),
    ];
    let resource = ResourceRule::new(Kind::GROUP, "v1", Kind::ServiceEntry.plural());
    common::policy(guard, resource, &common::changed(), variables, &rules)
}

pub(super) fn judge(guard: &Guard, object: &Value) -> Vec<GuardRule> {
    let judged = Judged::of(object);
    let spec = judged.spec;
    let below: Vec<&str> =
        items(&spec["hosts"]).iter().map(string).filter(|host| judge::is_below(host)).collect();
    let mut broken = Vec::new();
    if below.iter().any(|host| !judged.is_own(host) || host.contains('*')) {
        broken.push(GuardRule::UpstreamHost);
    }
    if !below.is_empty() && !is_upstream(guard, &judged) {
        broken.push(GuardRule::UpstreamShape);
    }
    if judged.claims() && !fits(guard, &judged) {
        broken.push(GuardRule::Record);
    }
    broken
}

/// The annotation that names the gateway holds one that is guarded.
fn gateways(guard: &Guard) -> String {
    let names: Vec<String> = guard.gateways.iter().map(|gateway| gateway.name.to_string()).collect();
    list(names.iter().map(String::as_str))
}

fn fits(guard: &Guard, judged: &Judged<'_>) -> bool {
    let layout = judged.annotation(crate::metadata::LAYOUT);
    match judged.role() {
        role if role == Role::Upstream.word() => {
            is_upstream(guard, judged)
                && address(judged.spec) == judged.host()
                && recorded_on(Role::Upstream).any(|word| word == layout)
                && is_recorded(guard, judged)
        }
        role if role == Role::Client.word() => {
            if is_client_through_gateway(guard, judged) {
                return layout.is_empty();
            }
            let holds_record = recorded_on(Role::Client).any(|word| word == layout);
            is_client(judged) && (layout.is_empty() || (holds_record && is_recorded(guard, judged)))
        }
        _ => false,
    }
}

/// The layouts whose record stands on this object.
fn recorded_on(role: Role) -> impl Iterator<Item = &'static str> {
    Layout::ALL.into_iter().filter(move |layout| layout.dialect().record == role).map(Layout::word)
}

fn is_recorded(guard: &Guard, judged: &Judged<'_>) -> bool {
    let port = |port: &Value| format!("{}/{}", port["number"], string(&port["protocol"]));
    let ports: Vec<String> = items(&judged.spec["ports"]).iter().map(port).collect();
    let gateway = judged.annotation("kubectl-egress.github.io/gateway");
    judged.annotation("kubectl-egress.github.io/ports") == ports.join(",")
        && guard.gateways.iter().any(|guarded| guarded.name.to_string() == gateway)
}

fn is_upstream(guard: &Guard, judged: &Judged<'_>) -> bool {
    let spec = judged.spec;
    let namespaces = guard.namespaces();
    let address = address(spec);
    only(spec, &["hosts", "exportTo", "ports", "location", "resolution", "endpoints"])
        && has_shape(spec)
        && string(&spec["location"]) == "MESH_EXTERNAL"
        && single(&spec["endpoints"]).is_some_and(|endpoint| only(endpoint, &["address"]))
        && judge::is_outside(address)
        && single(&spec["hosts"]).is_some_and(|host| judged.is_upstream_of(string(host), address))
        && single(&spec["exportTo"]).is_some_and(|namespace| namespaces.contains(string(namespace)))
}

fn is_client(judged: &Judged<'_>) -> bool {
    let spec = judged.spec;
    only(spec, &["hosts", "exportTo", "ports", "location", "resolution"])
        && single(&spec["hosts"]).is_some_and(|host| string(host) == judged.host())
        && judge::is_outside(judged.host())
        && has_shape(spec)
        && matches!(string(&spec["location"]), "" | "MESH_EXTERNAL")
}

/// The callers' entry of the endpoints layout: it leads to a guarded gateway and nowhere else.
fn is_client_through_gateway(guard: &Guard, judged: &Judged<'_>) -> bool {
    let spec = judged.spec;
    let ports = items(&spec["ports"]);
    let to_gateway = |port: &Value| {
        let hop = match string(&port["protocol"]) {
            "HTTP" => HTTP_HOP,
            "TLS" => TLS_HOP,
            _ => return false,
        };
        let target = port.get("targetPort").unwrap_or(&port["number"]);
        only(port, &["number", "name", "protocol", "targetPort"]) && target.as_u64() == Some(hop.into())
    };
    let leads = |endpoint: &Value| {
        let address = string(&endpoint["address"]);
        only(endpoint, &["address"]) && guard.service_hosts().iter().any(|service| service == address)
    };
    only(spec, &["hosts", "exportTo", "ports", "location", "resolution", "endpoints"])
        && single(&spec["hosts"]).is_some_and(|host| string(host) == judged.host())
        && judge::is_outside(judged.host())
        && string(&spec["location"]) == "MESH_INTERNAL"
        && string(&spec["resolution"]) == "DNS"
        && !ports.is_empty()
        && ports.iter().all(to_gateway)
        && single(&spec["endpoints"]).is_some_and(leads)
}

fn has_shape(spec: &Value) -> bool {
    let ports = items(&spec["ports"]);
    string(&spec["resolution"]) == "DNS"
        && !ports.is_empty()
        && ports.iter().all(|port| {
            only(port, &["number", "name", "protocol"]) && matches!(string(&port["protocol"]), "HTTP" | "TLS")
        })
}

fn address(spec: &Value) -> &str {
    single(&spec["endpoints"]).map(|endpoint| string(&endpoint["address"])).unwrap_or_default()
}
