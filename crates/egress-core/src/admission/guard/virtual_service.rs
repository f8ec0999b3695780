//! VirtualServices: what may stand at a shared Gateway.
//!
//! Knows the legs that `add` writes, in every form that a version of it wrote. A Gateway is named in each way that istiod
//! understands (`resolveGatewayName` in `pilot/pkg/model/config.go`): `namespace/name`, `name.namespace` with or without
//! more labels, and within its namespace `name` and `./name`. What `match.gateways` names counts for nothing unless
//! `spec.gateways` names it, too.

use serde_json::{Value, json};

use super::common::{self, is_below, is_own, is_upstream_of, only as only_cel};
use super::judge::{self, Judged, items, only, single, string};
use super::rule::GuardRule;
use super::scope::Guard;
use crate::admission::{AdmissionPolicy, Clause, ResourceRule, list, text};
use crate::dialect::INSIDE_HEADERS;
use crate::role::{Kind, Role};

/// A match of everything that istiod does not take for a catch-all, which it would move behind everybody's rules.
const ANY_AUTHORITY: (&str, &str) = (":authority", ".*");
const ANY_PATH: &str = "/.*";

pub(super) fn policy(guard: &Guard) -> AdmissionPolicy {
    let shared = guard.shared_gateways();
    let shared_list = list(shared.iter().map(String::as_str));
    let mut variables = common::variables();
    variables.extend([
        Clause::new("hosts", "variables.spec.?hosts.orValue([])"),
        Clause::new("gateways", "variables.spec.?gateways.orValue([])"),
        Clause::new("bound", format!("variables.gateways.filter(g, {})", names_shared(guard))),
        Clause::new("hostname", "size(variables.hosts) == 1 ? variables.hosts[0] : ''"),
        Clause::new("http", "variables.spec.?http.orValue([])"),
        Clause::new("tls", "variables.spec.?tls.orValue([])"),
        Clause::new("services", {
            let services = guard.service_hosts();
            list(services.iter().map(String::as_str))
        }),
        Clause::new("leg", leg(&shared_list)),
        Clause::new("mesh", mesh()),
    ]);
    let record = "!variables.claims || variables.host == variables.hostname \
         && (variables.role == 'gateway-leg' && variables.leg || variables.role == 'mesh-leg' && variables.mesh)";
    let rules = [
        (
            GuardRule::UpstreamHost,
            format!("variables.hosts.all(h, !{} || ({} && !h.contains('*')))", is_below("h"), is_own("h")),
        ),
        (GuardRule::GatewayRoute, "size(variables.bound) == 0 || variables.leg".to_owned()),
        (GuardRule::Record, record.to_owned()),
    ];
    let resource = ResourceRule::new(Kind::GROUP, "v1", Kind::VirtualService.plural());
    common::policy(guard, resource, &common::changed(), variables, &rules)
}

/// Whether `g` names a shared Gateway of a guarded gateway.
fn names_shared(guard: &Guard) -> String {
    let each = guard.gateways.iter().flat_map(|gateway| {
        let namespace = &gateway.name.namespace;
        gateway.shared.iter().map(move |name| {
            format!(
                "g == {} || g == {} || g.startsWith({}) || (variables.home == {} && g in {})",
                text(&format!("{namespace}/{name}")),
                text(&format!("{name}.{namespace}")),
                text(&format!("{name}.{namespace}.")),
                text(namespace),
                list([name.as_str(), &format!("./{name}")])
            )
        })
    });
    each.collect::<Vec<_>>().join(" || ")
}

/// The gateway leg of the shared layout.
fn leg(shared: &str) -> String {
    let destination = format!(
        "size(r.?route.orValue([])) == 1 && {} && {} && {} && {}",
        only_cel("r.route[0]", &["destination"]),
        only_cel("r.route[0].?destination.orValue({})", &["host", "port"]),
        only_cel("r.route[0].?destination.?port.orValue({})", &["number"]),
        is_upstream_of("r.route[0].?destination.?host.orValue('')", "variables.hostname"),
    );
    let http = format!(
        "size(r.?match.orValue([])) == 1 && {} && r.match[0].?port.orValue(0) == 80 \
         && r.match[0].?authority.orValue({{}}).all(k, k == 'regex' && r.match[0].authority[k] == {} \
         || k == 'exact' && r.match[0].authority[k] == \
         variables.hostname + ':' + string(r.?route.orValue([])[0].?destination.?port.?number.orValue(0))) \
         && r.match[0].?headers.orValue({{}}).all(k, k == {} && r.match[0].headers[k].all(m, m == 'regex' && r.match[0].headers[k][m] == {})) \
         && r.match[0].?uri.orValue({{}}).all(k, k == 'regex' && r.match[0].uri[k] == {}) \
         && ({} || ({} && {destination} && {}))",
        only_cel("r.match[0]", &["port", "authority", "headers", "uri"]),
        text(ANY_AUTHORITY.1),
        text(ANY_AUTHORITY.0),
        text(ANY_AUTHORITY.1),
        text(ANY_PATH),
        refuses(),
        only_cel("r", &["match", "route", "headers"]),
        without_certificate(),
    );
    let tls = format!(
        "{} && {destination} && {}",
        only_cel("r", &["match", "route"]),
        tls_match("443", &["port", "sniHosts"])
    );
    format!(
        "{} && !variables.internal && size(variables.hosts) == 1 && {} && size(variables.gateways) == 1 \
         && variables.gateways[0] in {shared} && size(variables.spec.?exportTo.orValue([])) == 1 \
         && variables.gateways[0].startsWith(variables.spec.exportTo[0] + '/') \
         && size(variables.http) + size(variables.tls) > 0 \
         && variables.http.all(r, {http}) && variables.tls.all(r, {tls})",
        only_cel("variables.spec", &["hosts", "exportTo", "gateways", "http", "tls"]),
        common::is_outside("variables.hostname"),
    )
}

/// The mesh leg of the shared layout, and the VirtualService of the documented one in both of its stages.
fn mesh() -> String {
    let destination = format!(
        "size(r.?route.orValue([])) == 1 && {} && {} \
         && (r.route[0].?destination.?host.orValue('') in variables.services || r.route[0].?destination.?host.orValue('') == variables.hostname)",
        only_cel("r.route[0]", &["destination", "weight"]),
        only_cel("r.route[0].?destination.orValue({})", &["host", "port", "subset"]),
    );
    let http = format!(
        "size(r.?match.orValue([])) == 1 && {} && ({} || ({} && {destination} && (!has(r.headers) || {})))",
        only_cel("r.match[0]", &["port", "authority", "headers", "uri", "gateways"]),
        refuses(),
        only_cel("r", &["match", "route", "headers"]),
        without_certificate(),
    );
    let tls = format!(
        "{} && {destination} && size(r.?match.orValue([])) == 1 && {} && r.match[0].?sniHosts.orValue([]) == variables.hosts",
        only_cel("r", &["match", "route"]),
        only_cel("r.match[0]", &["port", "sniHosts", "gateways"]),
    );
    format!(
        "{} && !variables.internal && size(variables.hosts) == 1 && {} && size(variables.bound) == 0 \
         && variables.gateways.all(g, !g.contains('/') && !g.contains('.')) \
         && size(variables.http) + size(variables.tls) > 0 \
         && variables.http.all(r, {http}) && variables.tls.all(r, {tls})",
        only_cel("variables.spec", &["hosts", "exportTo", "gateways", "http", "tls"]),
        common::is_outside("variables.hostname"),
    )
}

fn tls_match(port: &str, keys: &[&str]) -> String {
    format!(
        "size(r.?match.orValue([])) == 1 && {} && r.match[0].?port.orValue(0) == {port} \
         && r.match[0].?sniHosts.orValue([]) == variables.hosts",
        only_cel("r.match[0]", keys)
    )
}

/// Whether a rule answers 404 to what names none of the ports, as the gateway does where no rule is.
fn refuses() -> String {
    format!(
        "({} && {} && r.?directResponse.?status.orValue(0) == 404)",
        only_cel("r", &["match", "directResponse", "headers"]),
        only_cel("r.?directResponse.orValue({})", &["status"]),
    )
}

fn without_certificate() -> String {
    format!(
        "{} && {} && r.?headers.?request.?remove.orValue([]) == {}",
        only_cel("r.?headers.orValue({})", &["request"]),
        only_cel("r.?headers.?request.orValue({})", &["remove"]),
        list(INSIDE_HEADERS)
    )
}

pub(super) fn judge(guard: &Guard, object: &Value) -> Vec<GuardRule> {
    let judged = Judged::of(object);
    let spec = judged.spec;
    let mut broken = Vec::new();
    let strange = |host: &str| judge::is_below(host) && (!judged.is_own(host) || host.contains('*'));
    if items(&spec["hosts"]).iter().map(string).any(strange) {
        broken.push(GuardRule::UpstreamHost);
    }
    let bound = items(&spec["gateways"])
        .iter()
        .map(string)
        .any(|gateway| is_shared(guard, gateway, judged.namespace));
    if bound && !is_leg(guard, &judged) {
        broken.push(GuardRule::GatewayRoute);
    }
    if judged.claims() {
        let host = single(&spec["hosts"]).map(string).unwrap_or_default();
        let fits = judged.host() == host
            && (judged.role() == Role::GatewayLeg.word() && is_leg(guard, &judged)
                || judged.role() == Role::MeshLeg.word() && !bound && is_mesh(guard, &judged));
        if !fits {
            broken.push(GuardRule::Record);
        }
    }
    broken
}

/// Whether a name of a Gateway, in an object of `namespace`, is that of a shared one.
fn is_shared(guard: &Guard, gateway: &str, namespace: &str) -> bool {
    let (place, name) = match gateway.split_once('/') {
        Some((".", name)) => (namespace, name),
        Some((place, name)) => (place, name),
        None => match gateway.split_once('.') {
            None => (namespace, gateway),
            Some((name, rest)) => (rest.split('.').next().unwrap_or_default(), name),
        },
    };
    guard.gateways.iter().any(|guarded| guarded.name.namespace == place && guarded.shared.contains(name))
}

fn is_leg(guard: &Guard, judged: &Judged<'_>) -> bool {
    let spec = judged.spec;
    let Some(host) = single(&spec["hosts"]).map(string) else { return false };
    let gateway = single(&spec["gateways"]).map(string).unwrap_or_default();
    let exported = single(&spec["exportTo"]).map(string);
    let (http, tls) = (items(&spec["http"]), items(&spec["tls"]));
    let leads = |rule: &Value| {
        destination(rule, &["destination"], &["host", "port"]).is_some_and(|to| {
            judged.is_upstream_of(string(&to["host"]), host) && only(&to["port"], &["number"])
        })
    };
    only(spec, &["hosts", "exportTo", "gateways", "http", "tls"])
        && !judged.is_internal()
        && judge::is_outside(host)
        && guard.shared_gateways().iter().any(|shared| shared == gateway)
        && exported.is_some_and(|namespace| gateway.starts_with(&format!("{namespace}/")))
        && http.len() + tls.len() > 0
        && http.iter().all(|rule| is_http_leg(rule, host) && (is_refusal(rule) || leads(rule)))
        && tls.iter().all(|rule| {
            leads(rule)
                && only(rule, &["match", "route"])
                && single(&rule["match"]).is_some_and(|matched| {
                    only(matched, &["port", "sniHosts"])
                        && matched["port"] == 443
                        && matched["sniHosts"] == spec["hosts"]
                })
        })
}

fn is_http_leg(rule: &Value, host: &str) -> bool {
    let Some(matched) = single(&rule["match"]) else { return false };
    let number = &rule["route"][0]["destination"]["port"]["number"];
    let authority = json!(format!("{host}:{}", number.as_i64().unwrap_or_default()));
    let entries = |value: &Value, wanted: &dyn Fn(&str, &Value) -> bool| {
        value.as_object().is_none_or(|map| map.iter().all(|(key, value)| wanted(key, value)))
    };
    (is_refusal(rule) || only(rule, &["match", "route", "headers"]) && removes_certificate(rule))
        && only(matched, &["port", "authority", "headers", "uri"])
        && matched["port"] == 80
        && entries(&matched["authority"], &|key, value| {
            key == "regex" && *value == ANY_AUTHORITY.1 || key == "exact" && *value == authority
        })
        && entries(&matched["headers"], &|key, value| {
            key == ANY_AUTHORITY.0
                && entries(value, &|kind, text| kind == "regex" && *text == ANY_AUTHORITY.1)
        })
        && entries(&matched["uri"], &|key, value| key == "regex" && *value == ANY_PATH)
}

fn is_mesh(guard: &Guard, judged: &Judged<'_>) -> bool {
    let spec = judged.spec;
    let Some(host) = single(&spec["hosts"]).map(string) else { return false };
    let services = guard.service_hosts();
    let leads = |rule: &Value| {
        destination(rule, &["destination", "weight"], &["host", "port", "subset"]).is_some_and(|to| {
            let to = string(&to["host"]);
            to == host || services.iter().any(|service| service == to)
        })
    };
    let (http, tls) = (items(&spec["http"]), items(&spec["tls"]));
    only(spec, &["hosts", "exportTo", "gateways", "http", "tls"])
        && !judged.is_internal()
        && judge::is_outside(host)
        && items(&spec["gateways"]).iter().map(string).all(|gateway| !gateway.contains(['/', '.']))
        && http.len() + tls.len() > 0
        && http.iter().all(|rule| {
            let leads = leads(rule)
                && only(rule, &["match", "route", "headers"])
                && (rule["headers"].is_null() || removes_certificate(rule));
            (is_refusal(rule) || leads)
                && single(&rule["match"]).is_some_and(|matched| {
                    only(matched, &["port", "authority", "headers", "uri", "gateways"])
                })
        })
        && tls.iter().all(|rule| {
            leads(rule)
                && only(rule, &["match", "route"])
                && single(&rule["match"]).is_some_and(|matched| {
                    only(matched, &["port", "sniHosts", "gateways"]) && matched["sniHosts"] == spec["hosts"]
                })
        })
}

/// The destination of the only route of a rule.
fn destination<'a>(rule: &'a Value, route: &[&str], keys: &[&str]) -> Option<&'a Value> {
    let only_route = single(&rule["route"])?;
    let to = &only_route["destination"];
    (only(only_route, route) && only(to, keys)).then_some(to)
}

fn is_refusal(rule: &Value) -> bool {
    only(rule, &["match", "directResponse", "headers"])
        && only(&rule["directResponse"], &["status"])
        && rule["directResponse"]["status"] == 404
}

fn removes_certificate(rule: &Value) -> bool {
    let headers = &rule["headers"];
    only(headers, &["request"])
        && only(&headers["request"], &["remove"])
        && headers["request"]["remove"] == json!(INSIDE_HEADERS)
}
