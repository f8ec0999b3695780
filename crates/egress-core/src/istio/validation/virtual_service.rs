//! `ValidateVirtualService`: its hosts and gateways, and that it has rules. The rules have files of their own.

use egress_istio::virtual_service::VirtualServiceSpec;

use super::destinations::name_or_generated;
use super::host_set::HostSet;
use super::names::{self, is_address};
use super::rejection::Rejections;
use super::{http_rules, stream_rules};
use crate::host::printable;
use crate::resource::Resource;
use crate::visibility::virtual_service::MESH;

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
    let all = HostSet::new(hosts);
    // Where `mesh` is not named, also where nothing is.
    let takes_generated = !named.iter().any(|name| name == MESH);
    for (index, rule) in tls.iter().enumerate() {
        stream_rules::tls(rule, &format!("spec.tls[{index}]"), (&all, takes_generated), found);
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
    let all = HostSet::new(hosts);
    for (index, host) in hosts.iter().enumerate() {
        if let Some(other) = all.other(host, index).and_then(|other| hosts.get(other)) {
            found.add(format!("spec.hosts[{index}]"), host, format!("{} has it already", printable(other)));
        }
    }
}
