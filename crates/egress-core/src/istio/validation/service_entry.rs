//! `ValidateServiceEntry`: hosts, addresses, ports and endpoints, and whether they fit the resolution.

use std::collections::BTreeSet;

use egress_istio::service_entry::{
    ServiceEntryEndpoints, ServiceEntryLocation, ServiceEntryResolution as Resolution, ServiceEntrySpec,
};

use super::names::{self, UNIX, full_name, is_address, is_socket, selector};
use super::rejection::Rejections;
use crate::istio::protocol::PortProtocol;
use crate::resource::Resource;

/// The label that sends a host to a waypoint, and the word by which it does not.
const USE_WAYPOINT: (&str, &str) = ("istio.io/use-waypoint", "none");

pub(super) fn check(resource: &Resource, spec: &ServiceEntrySpec, found: &mut Rejections) {
    let resolution = spec.resolution.clone().unwrap_or(Resolution::None);
    let labels = spec.workload_selector.iter().flat_map(|selector| selector.labels.iter().flatten());
    selector(labels, "spec.workloadSelector.labels", found);
    if spec.workload_selector.is_some() && spec.endpoints.is_some() {
        found.add("spec.endpoints", "", "either endpoints or a workloadSelector, not both");
    }
    of_hosts(spec, found);
    of_addresses(spec, &resolution, found);
    of_ports(spec, found);
    match resolution {
        Resolution::None if spec.endpoints.as_ref().is_some_and(|all| !all.is_empty()) => {
            found.add(
                "spec.endpoints",
                "",
                "with resolution NONE there are no endpoints: STATIC and DNS have them",
            );
        }
        Resolution::None => {}
        Resolution::Static => of_endpoints(spec, false, found),
        Resolution::Dns | Resolution::DnsRoundRobin => of_dns(spec, &resolution, found),
        Resolution::DynamicDns => of_dynamic_dns(resource, spec, found),
    }
    one_host_for_bytes(spec, &resolution, found);
    names::export_to(spec.export_to.as_deref(), &resource.id.namespace, (true, false), found);
}

fn of_hosts(spec: &ServiceEntrySpec, found: &mut Rejections) {
    if spec.hosts.is_empty() {
        found.add("spec.hosts", "", "a ServiceEntry has at least one host");
    }
    for (index, host) in spec.hosts.iter().enumerate() {
        let of_all = || Some("a ServiceEntry is not for all hosts".to_owned());
        let reason = if host == "*" { of_all() } else { names::name(host) };
        found.extend(|| format!("spec.hosts[{index}]"), host, reason);
    }
}

fn of_addresses(spec: &ServiceEntrySpec, resolution: &Resolution, found: &mut Rejections) {
    for (index, address) in spec.addresses.iter().flatten().enumerate() {
        let field = || format!("spec.addresses[{index}]");
        found.extend(field, address, names::range(address));
        if address.contains('/') && !matches!(resolution, Resolution::None | Resolution::Static) {
            found.add(field(), address, "ranges are for the resolutions NONE and STATIC only");
        }
    }
}

fn of_ports(spec: &ServiceEntrySpec, found: &mut Rejections) {
    let (mut known_names, mut known_numbers) = (BTreeSet::new(), BTreeSet::new());
    for (index, port) in spec.ports.iter().flatten().enumerate() {
        let place = |field: &str| format!("spec.ports[{index}].{field}");
        if !known_names.insert(&port.name) {
            found.add(place("name"), &port.name, "another port has this name");
        }
        if !known_numbers.insert(port.number) {
            found.add(place("number"), port.number.to_string(), "another port has this number");
        }
        let target = port.target_port.filter(|target| *target != 0);
        if let Some(target) = target {
            found.extend(|| place("targetPort"), target.to_string(), names::port(target));
        }
        let protocol = port.protocol.as_deref().unwrap_or_default();
        found.extend(|| place("name"), &port.name, names::port_name(&port.name));
        found.extend(|| place("protocol"), protocol, names::protocol(protocol));
        found.extend(|| place("number"), port.number.to_string(), names::port(port.number));
    }
}

/// `validateWorkloadEntry` for STATIC, and its counterpart for DNS, which takes names as well.
fn of_endpoints(spec: &ServiceEntrySpec, takes_names: bool, found: &mut Rejections) {
    let ports: BTreeSet<&str> = spec.ports.iter().flatten().map(|port| port.name.as_str()).collect();
    for (index, endpoint) in spec.endpoints.iter().flatten().enumerate() {
        let place = format!("spec.endpoints[{index}]");
        let address = endpoint.address.as_deref().unwrap_or_default();
        found.extend(|| format!("{place}.address"), address, of_address(endpoint, takes_names));
        for (name, number) in endpoint.ports.iter().flatten() {
            let field = || format!("{place}.ports[{name}]");
            if !ports.contains(name.as_str()) {
                found.add(field(), number.to_string(), "the ServiceEntry has no port of this name");
            }
            found.extend(field, number.to_string(), names::port_name(name).or_else(|| names::port(*number)));
        }
        let is_path = !takes_names && address.starts_with(UNIX);
        if is_path && (ports.len() != 1 || endpoint.ports.iter().flatten().next().is_some()) {
            found.add(
                format!("{place}.address"),
                address,
                "a path has no ports, and its entry has exactly one",
            );
        }
    }
}

fn of_address(endpoint: &ServiceEntryEndpoints, takes_names: bool) -> Option<String> {
    let address = endpoint.address.as_deref().unwrap_or_default();
    let has_network = endpoint.network.as_ref().is_some_and(|network| !network.is_empty());
    match address {
        "" if !takes_names && has_network => None,
        "" if !takes_names => Some("an endpoint has an address".to_owned()),
        _ if is_address(address) => None,
        _ if takes_names => {
            full_name(address).map(|_| "it is neither an IP address nor a name without wildcard".to_owned())
        }
        _ => match address.strip_prefix(UNIX) {
            Some(path) if is_socket(path) => None,
            Some(_) => Some("it is no path of a file".to_owned()),
            None => Some("with resolution STATIC it is an IP address: DNS takes names".to_owned()),
        },
    }
}

fn of_dns(spec: &ServiceEntrySpec, resolution: &Resolution, found: &mut Rejections) {
    let endpoints = spec.endpoints.as_deref().unwrap_or_default();
    if endpoints.is_empty()
        && let Some((index, host)) = spec
            .hosts
            .iter()
            .enumerate()
            .find(|(_, host)| full_name(host).is_some() && names::name(host).is_none())
    {
        let reason = "without endpoints this name itself is resolved, which a wildcard cannot be";
        found.add(format!("spec.hosts[{index}]"), host, reason);
    }
    if *resolution == Resolution::DnsRoundRobin && endpoints.len() > 1 {
        found.add(
            "spec.endpoints",
            endpoints.len().to_string(),
            "with DNS_ROUND_ROBIN there is at most one endpoint",
        );
    }
    of_endpoints(spec, true, found);
}

fn of_dynamic_dns(resource: &Resource, spec: &ServiceEntrySpec, found: &mut Rejections) {
    for (index, host) in spec.hosts.iter().enumerate().filter(|(_, host)| !host.starts_with('*')) {
        found.add(format!("spec.hosts[{index}]"), host, "with DYNAMIC_DNS every host is a wildcard");
    }
    for (field, is_said) in [
        ("spec.addresses", spec.addresses.as_ref().is_some_and(|all| !all.is_empty())),
        ("spec.endpoints", spec.endpoints.as_ref().is_some_and(|all| !all.is_empty())),
    ] {
        if is_said {
            found.add(field, "", "with DYNAMIC_DNS the called name says where to");
        }
    }
    for (index, port) in spec.ports.iter().flatten().enumerate() {
        let word = port.protocol.as_deref().unwrap_or_default();
        let is_taken = matches!(
            PortProtocol::parse(word),
            PortProtocol::Http | PortProtocol::Http2 | PortProtocol::Grpc | PortProtocol::Tls
        );
        if !is_taken {
            let reason = "with DYNAMIC_DNS a port is of HTTP, HTTP2, GRPC or TLS";
            found.add(format!("spec.ports[{index}].protocol"), word, reason);
        }
    }
    let (label, none) = USE_WAYPOINT;
    let waypoint =
        resource.labels.get(label).filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(none));
    if waypoint.is_some() && spec.location == Some(ServiceEntryLocation::MeshInternal) {
        found.add("spec.location", "MESH_INTERNAL", "with DYNAMIC_DNS a host of a waypoint is MESH_EXTERNAL");
    }
}

/// Bytes do not say which host they are for.
fn one_host_for_bytes(spec: &ServiceEntrySpec, resolution: &Resolution, found: &mut Rejections) {
    if *resolution == Resolution::None || spec.hosts.len() < 2 {
        return;
    }
    let protocol = |word: &Option<String>| PortProtocol::parse(word.as_deref().unwrap_or_default());
    let mut ports = spec.ports.iter().flatten().enumerate();
    let of_bytes = ports.find(|(_, port)| {
        let protocol = protocol(&port.protocol);
        !protocol.is_http() && !protocol.is_tls()
    });
    if let Some((index, port)) = of_bytes {
        let reason =
            "with several hosts every port is of HTTP or TLS: bytes do not say which host they are for";
        found.add(
            format!("spec.ports[{index}].protocol"),
            port.protocol.as_deref().unwrap_or_default(),
            reason,
        );
    }
}
