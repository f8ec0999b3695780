//! `ValidateSidecar`: what it imports, and what it does with unknown hosts. Does not know the settings of its own ports.

use std::collections::BTreeSet;

use egress_istio::sidecar::{SidecarEgress, SidecarOutboundTrafficPolicyMode as Mode, SidecarSpec};

use super::names::{self, UNIX, full_name, host_of_namespace, is_address, selector};
use super::rejection::Rejections;

pub(super) fn check(spec: &SidecarSpec, found: &mut Rejections) {
    let labels = spec.workload_selector.iter().flat_map(|selector| selector.labels.iter().flatten());
    selector(labels, "spec.workloadSelector.labels", found);
    let egress = spec.egress.as_deref().unwrap_or_default();
    let ingress = spec.ingress.as_deref().unwrap_or_default();
    if egress.is_empty()
        && ingress.is_empty()
        && spec.outbound_traffic_policy.is_none()
        && spec.inbound_connection_pool.is_none()
    {
        found.add("spec", "", "a Sidecar says something of egress, ingress or outboundTrafficPolicy");
        return;
    }
    let mut numbers = BTreeSet::new();
    for (index, listener) in egress.iter().enumerate() {
        let place = format!("spec.egress[{index}]");
        of_egress(listener, &place, index + 1 == egress.len(), &mut numbers, found);
    }
    let mut numbers = BTreeSet::new();
    for (index, listener) in ingress.iter().enumerate() {
        let number = listener.port.number.unwrap_or_default();
        let field = || format!("spec.ingress[{index}].port.number");
        found.extend(field, number.to_string(), names::port(number));
        if !numbers.insert(number) {
            found.add(field(), number.to_string(), "another listener has this port");
        }
    }
    of_policy(spec, found);
}

fn of_egress(
    listener: &SidecarEgress,
    place: &str,
    is_last: bool,
    numbers: &mut BTreeSet<i64>,
    found: &mut Rejections,
) {
    let bind = listener.bind.as_deref().unwrap_or_default();
    match &listener.port {
        None if !is_last => {
            found.add(format!("{place}.port"), "", "a listener without a port is the last one");
        }
        None => {}
        Some(port) => {
            let number = port.number.unwrap_or_default();
            let word = port.protocol.as_deref().unwrap_or_default();
            found.extend(|| format!("{place}.port.protocol"), word, names::protocol(word));
            if let Some(name) = port.name.as_ref().filter(|name| !name.is_empty()) {
                found.extend(|| format!("{place}.port.name"), name, names::port_name(name));
            }
            if let Some(target) = port.target_port.filter(|target| *target > 0) {
                found.add(
                    format!("{place}.port.targetPort"),
                    target.to_string(),
                    "a Sidecar has no targetPort",
                );
            }
            let field = format!("{place}.port.number");
            if number == 0 && !bind.starts_with(UNIX) {
                found.add(field, number.to_string(), "port 0 is for a bind to a path");
            } else if number != 0 {
                found.extend(|| field.clone(), number.to_string(), names::port(number));
                if !numbers.insert(number) {
                    found.add(field, number.to_string(), "another listener has this port");
                }
                if !bind.is_empty() && !is_address(bind) {
                    found.add(format!("{place}.bind"), bind, "expected an IP address");
                }
            }
        }
    }
    if listener.hosts.is_empty() {
        found.add(format!("{place}.hosts"), "", "a listener has at least one host");
    }
    for (index, host) in listener.hosts.iter().enumerate() {
        found.extend(|| format!("{place}.hosts[{index}]"), host, of_host(host));
    }
}

fn of_host(host: &str) -> Option<String> {
    let Some((namespace, name)) =
        host.split_once('/').filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty())
    else {
        return Some("expected `namespace/host`; of any namespace `*/host`".to_owned());
    };
    host_of_namespace(namespace, name, false)
}

/// `validateSidecarOutboundTrafficPolicy`.
fn of_policy(spec: &SidecarSpec, found: &mut Rejections) {
    let Some(policy) = &spec.outbound_traffic_policy else { return };
    let Some(proxy) = &policy.egress_proxy else { return };
    let place = "spec.outboundTrafficPolicy.egressProxy";
    if policy.mode != Some(Mode::AllowAny) {
        found.add(place, &proxy.host, "an egressProxy is for mode ALLOW_ANY only");
        return;
    }
    found.extend(|| format!("{place}.host"), &proxy.host, full_name(&proxy.host));
    match proxy.port.as_ref() {
        None => found.add(format!("{place}.port"), "", "the port of the egressProxy is missing"),
        Some(port) => {
            let number = port.number.unwrap_or_default();
            found.extend(|| format!("{place}.port.number"), number.to_string(), names::port(number));
        }
    }
}
