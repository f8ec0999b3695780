//! `ValidateVirtualService`: its hosts and gateways, and that it has rules. The rules have files of their own.

use egress_istio::virtual_service::VirtualServiceSpec;

use super::names::{self, is_address, is_label};
use super::{Rejections, http_rules, stream_rules};
use crate::istio::simulation::overlap;
use crate::resource::Resource;
use crate::visibility::virtual_service::MESH;

/// What the server names begin with that istiod makes up for other networks.
const GENERATED: &str = "outbound_";

pub(super) fn check(resource: &Resource, spec: &VirtualServiceSpec, found: &mut Rejections) {
    let hosts = spec.hosts.as_deref().unwrap_or_default();
    let named = spec.gateways.as_deref().unwrap_or_default();
    let http = spec.http.as_deref().unwrap_or_default();
    let tls = spec.tls.as_deref().unwrap_or_default();
    let tcp = spec.tcp.as_deref().unwrap_or_default();
    if hosts.is_empty() {
        for (field, is_said) in
            [("gateways", !named.is_empty()), ("tls", !tls.is_empty()), ("tcp", !tcp.is_empty())]
        {
            if is_said {
                let reason = "without hosts it is a delegate, which has http rules only";
                found.add(format!("spec.{field}"), "", reason);
            }
        }
    }
    names::gateways(named, "spec.gateways", found);
    let is_for_mesh = named.is_empty() || named.iter().any(|name| name == MESH);
    let has_names = tls.iter().any(|rule| rule.r#match.iter().any(|matched| !matched.sni_hosts.is_empty()));
    of_hosts(hosts, is_for_mesh, has_names, found);
    if http.is_empty() && tls.is_empty() && tcp.is_empty() {
        found.add("spec", "", "a VirtualService has http, tls or tcp rules");
    }
    for (index, rule) in http.iter().enumerate() {
        http_rules::check(rule, &format!("spec.http[{index}]"), hosts.is_empty(), found);
    }
    // Where `mesh` is not named, also where nothing is.
    let takes_generated = !named.iter().any(|name| name == MESH);
    for (index, rule) in tls.iter().enumerate() {
        stream_rules::tls(rule, &format!("spec.tls[{index}]"), (hosts, takes_generated), found);
    }
    for (index, rule) in tcp.iter().enumerate() {
        stream_rules::tcp(rule, &format!("spec.tcp[{index}]"), found);
    }
    names::export_to(spec.export_to.as_deref(), &resource.id.namespace, (false, false), found);
}

fn of_hosts(hosts: &[String], is_for_mesh: bool, has_names: bool, found: &mut Rejections) {
    let before = found.0.len();
    for (index, host) in hosts.iter().enumerate() {
        let field = || format!("spec.hosts[{index}]");
        let reason = name_or_generated(host, !is_for_mesh && has_names);
        let is_all = host == "*" && is_for_mesh;
        if is_all {
            found.add(field(), host, "`*` is for gateways only, and this is for sidecars");
        }
        found.extend(field, host, reason.filter(|_| !is_address(host)));
    }
    if found.0.len() > before {
        return;
    }
    for (index, host) in hosts.iter().enumerate() {
        let earlier = hosts.iter().take(index).find(|earlier| overlap(earlier, host));
        if let Some(earlier) = earlier {
            found.add(format!("spec.hosts[{index}]"), host, format!("{earlier} has it already"));
        }
    }
}

/// `ValidateWildcardDomainForVirtualServiceBoundToGateway`.
pub(super) fn name_or_generated(name: &str, takes_generated: bool) -> Option<String> {
    if !takes_generated || !name.starts_with(GENERATED) {
        return names::name(name);
    }
    let mut parts = name.split('_').skip(1);
    let (port, host) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
    let is_generated =
        port.bytes().any(|byte| byte.is_ascii_digit()) && host.bytes().any(|byte| byte.is_ascii_alphabetic());
    (!is_generated).then(|| "expected `outbound_.PORT_._.HOST`".to_owned())
}

/// Where a rule sends calls. `validateDestination`.
pub(super) fn destination(
    (host, subset, port): (&str, Option<&str>, Option<Option<i64>>),
    place: &str,
    found: &mut Rejections,
) {
    let of_all = || Some("a destination is one host".to_owned());
    let reason = if host == "*" { of_all() } else { names::name(host) };
    found.extend(|| format!("{place}.host"), host, reason);
    if let Some(subset) = subset.filter(|subset| !subset.is_empty() && !is_label(subset)) {
        let reason = "the name of a subset is letters, digits and `-`, at most 63";
        found.add(format!("{place}.subset"), subset, reason);
    }
    if let Some(port) = port {
        let number = port.unwrap_or_default();
        found.extend(|| format!("{place}.port.number"), number, names::port(number));
    }
}

/// The weights of the destinations of a rule.
pub(super) fn weights(all: &[Option<i32>], place: &str, found: &mut Rejections) {
    for (index, weight) in all.iter().enumerate() {
        if let Some(weight) = weight.filter(|weight| *weight < 0) {
            found.add(format!("{place}.route[{index}].weight"), weight, "a weight is not below 0");
        }
    }
    // As istiod adds them: in 32 bits.
    let sum = all.iter().flatten().fold(0_i32, |sum, weight| sum.wrapping_add(*weight));
    if all.len() > 1 && sum == 0 {
        found.add(format!("{place}.route"), "", "of several destinations at least one has a weight");
    }
}
