//! Gateways: who may open servers on the pods of a guarded gateway.
//!
//! Knows the labels of those pods, as far as they were seen, and the Gateway that the documented layout writes for one
//! host. A server of a wildcard, such as `*.istio-system.svc.cluster.local`, would take the mesh mTLS of every host away
//! from the shared Gateway, since it fits the server name of that connection better than `*`.

use serde_json::{Map, Value};

use super::common::{self, only as only_cel};
use super::judge::{self, Judged, items, only, single, string};
use super::labels::{TOPOLOGY, VOLATILE, is_volatile};
use super::rule::GuardRule;
use super::scope::{Guard, GuardedGateway};
use crate::admission::{AdmissionPolicy, Clause, ResourceRule, list, map};
use crate::role::{Kind, Role};

pub(super) fn policy(guard: &Guard) -> AdmissionPolicy {
    let selects = guard.gateways.iter().map(|gateway| {
        let seen = map(gateway.labels.iter().map(|(key, values)| {
            (key.as_str(), list(values.iter().map(String::as_str)))
        }));
        format!(
            "variables.selector.all(k, k in {} || k.startsWith('{TOPOLOGY}') || (k in {seen} && variables.selector[k] in {seen}[k]))",
            list(VOLATILE)
        )
    });
    let servers = format!(
        "variables.servers.all(s, {} && {} && size(s.?hosts.orValue([])) == 1 \
         && s.hosts[0] in [variables.host, './' + variables.host, variables.home + '/' + variables.host] \
         && (s.?port.?number.orValue(0) == 80 && s.?port.?protocol.orValue('') == 'HTTP' && !has(s.tls) \
         || s.?port.?number.orValue(0) == 80 && s.?port.?protocol.orValue('') == 'HTTPS' && s.?tls.?mode.orValue('') == 'ISTIO_MUTUAL' && {tls} \
         || s.?port.?number.orValue(0) == 443 && s.?port.?protocol.orValue('') == 'TLS' && s.?tls.?mode.orValue('') == 'PASSTHROUGH' && {tls}))",
        only_cel("s", &["port", "hosts", "tls"]),
        only_cel("s.?port.orValue({})", &["number", "name", "protocol"]),
        tls = only_cel("s.?tls.orValue({})", &["mode"]),
    );
    let namespaces = list(guard.namespaces());
    let mut variables = common::variables();
    variables.extend([
        Clause::new("selector", "variables.spec.?selector.orValue({})"),
        Clause::new("servers", "variables.spec.?servers.orValue([])"),
        Clause::new("selects", selects.collect::<Vec<_>>().join(" || ")),
        Clause::new(
            "documented",
            format!(
                "variables.claims && variables.role == 'gateway' && {} && {} && size(variables.servers) > 0 && {servers}",
                common::is_outside("variables.host"),
                only_cel("variables.spec", &["selector", "servers"]),
            ),
        ),
    ]);
    let rules = [
        (
            GuardRule::GatewayOwner,
            format!(
                "!variables.internal && (variables.home in {namespaces} || !variables.selects || variables.documented)"
            ),
        ),
        (
            GuardRule::Record,
            format!(
                "!variables.claims || variables.documented \
                 || variables.role == 'shared-gateway' && variables.home in {namespaces}"
            ),
        ),
    ];
    let resource = ResourceRule::new(Kind::GROUP, "v1", Kind::Gateway.plural());
    common::policy(guard, resource, &common::changed(), variables, &rules)
}

pub(super) fn judge(guard: &Guard, object: &Value) -> Vec<GuardRule> {
    let judged = Judged::of(object);
    let owner = guard.namespaces().contains(judged.namespace);
    let documented = judged.claims() && is_documented(&judged);
    let mut broken = Vec::new();
    if judged.is_internal() || (!owner && !documented && selects(guard, &judged.spec["selector"])) {
        broken.push(GuardRule::GatewayOwner);
    }
    let shared = judged.role() == Role::SharedGateway.word() && owner;
    if judged.claims() && !documented && !shared {
        broken.push(GuardRule::Record);
    }
    broken
}

/// Whether a selector may meet pods of a guarded gateway. None at all meets every pod.
fn selects(guard: &Guard, selector: &Value) -> bool {
    let none = Map::new();
    let selector = selector.as_object().unwrap_or(&none);
    guard
        .gateways
        .iter()
        .any(|gateway| selector.iter().all(|(key, value)| meets(gateway, key, string(value))))
}

fn meets(gateway: &GuardedGateway, key: &str, value: &str) -> bool {
    is_volatile(key) || gateway.labels.get(key).is_some_and(|seen| seen.contains(value))
}

fn is_documented(judged: &Judged<'_>) -> bool {
    let host = judged.host();
    let servers = items(&judged.spec["servers"]);
    let hosts = [host.to_owned(), format!("./{host}"), format!("{}/{host}", judged.namespace)];
    judged.role() == Role::Gateway.word()
        && judge::is_outside(host)
        && only(judged.spec, &["selector", "servers"])
        && !servers.is_empty()
        && servers.iter().all(|server| {
            let port = &server["port"];
            let mode = string(&server["tls"]["mode"]);
            let tls = only(&server["tls"], &["mode"]);
            only(server, &["port", "hosts", "tls"])
                && only(port, &["number", "name", "protocol"])
                && single(&server["hosts"])
                    .is_some_and(|found| hosts.iter().any(|host| host == string(found)))
                && match (port["number"].as_i64(), string(&port["protocol"])) {
                    (Some(80), "HTTP") => server.get("tls").is_none(),
                    (Some(80), "HTTPS") => mode == "ISTIO_MUTUAL" && tls,
                    (Some(443), "TLS") => mode == "PASSTHROUGH" && tls,
                    _ => false,
                }
        })
}
