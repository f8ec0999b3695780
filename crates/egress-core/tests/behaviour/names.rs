//! Names of objects: valid, stable, and different for different hosts.

use std::collections::{HashMap, HashSet};

use egress_core::host::Host;
use egress_core::intent::is_label;
use egress_core::names;
use egress_core::role::{Kind, Role};
use proptest::prelude::*;

/// The same kinds of hosts as the benchmark's million.
const HOSTS: u32 = 100_000;

#[test]
fn a_hundred_thousand_hosts_have_names_of_their_own_that_kubernetes_takes() {
    let hosts = (0..HOSTS).flat_map(alike);
    let mut owners: HashMap<(Kind, String), String> = HashMap::new();
    let mut seen = HashSet::new();
    for text in hosts {
        let host = Host::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        if seen.insert(host.to_string()) {
            own_names(&host, &mut owners);
        }
    }
    assert!(seen.len() > HOSTS as usize, "only {} hosts were named", seen.len());
}

#[test]
fn hosts_that_differ_where_a_name_is_cut_get_names_of_their_own() {
    let mut owners = HashMap::new();
    let label = "a".repeat(60);
    for number in 0..2_000 {
        own_names(&Host::parse(&format!("{label}.h{number}.example.com")).unwrap(), &mut owners);
    }
}

#[test]
fn a_name_stays_what_it_was_in_every_release() {
    for (host, name) in [
        ("edition.cnn.com", "edition-cnn-com"),
        ("EDITION.cnn.com.", "edition-cnn-com"),
        ("my-api.example.com", "my-api-example-com-c758cda8"),
        ("*.cnn.com", "cnn-com-f74711be"),
        ("bücher.example", "xn--bcher-kva-example-970ca6b7"),
        ("93.184.216.34", "93-184-216-34-e1475988"),
        ("api.gateway", "api-gateway-ed3b36ed"),
        ("api.upstream", "api-upstream-95f5cc1c"),
        ("a.deadbeef", "a-deadbeef-5ccd4cf6"),
    ] {
        assert_eq!(names::base(&Host::parse(host).unwrap()), name, "{host}");
    }
}

#[test]
fn the_upstream_of_a_host_is_another_one_in_every_namespace_and_never_longer_than_dns_allows() {
    let long = format!("{}.example", vec!["a".repeat(60); 4].join("."));
    for host in ["edition.cnn.com", &long] {
        let [shop, billing] = ["shop", "billing"].map(|namespace| names::upstream_host(host, namespace));
        assert_ne!(shop, billing);
        for upstream in [shop, billing] {
            assert!(upstream.len() <= 253 && upstream.ends_with(".egress.internal"), "{upstream}");
        }
    }
}

#[test]
fn the_pair_of_a_service_with_the_longest_name_is_a_label_of_its_own() {
    let pairs = ["x", "y"].map(|last| names::shared_pair(&format!("{}{last}", "s".repeat(62))));
    assert_ne!(pairs[0], pairs[1]);
    assert!(pairs.iter().all(|pair| is_label(pair)), "{pairs:?}");
}

proptest! {
    #[test]
    fn two_different_hosts_never_share_a_name(
        left in "[a-c]{1,3}([.-][a-c]{1,3}){0,3}\\.(com|gateway|upstream|[a-f]{8})",
        right in "[a-c]{1,3}([.-][a-c]{1,3}){0,3}\\.(com|gateway|upstream|[a-f]{8})",
    ) {
        let (Ok(left), Ok(right)) = (Host::parse(&left), Host::parse(&right)) else { return Ok(()) };
        let mut owners = HashMap::new();
        own_names(&left, &mut owners);
        if left != right {
            own_names(&right, &mut owners);
        }
    }
}

/// Notes the names of all objects of a host.
///
/// # Panics
/// When Kubernetes would not take a name, or another host has it.
fn own_names(host: &Host, owners: &mut HashMap<(Kind, String), String>) {
    let base = names::base(host);
    for role in [Role::Upstream, Role::Gateway, Role::DestinationRule, Role::GatewayLeg, Role::MeshLeg] {
        let name = names::object(&base, role);
        assert!(is_label(&name), "{host}: `{name}` is no DNS-1123 label");
        // A mesh leg shares its name with the client entry: another kind.
        if let Some(other) = owners.insert((role.kind(), name.clone()), host.to_string()) {
            assert_eq!(other, host.to_string(), "`{name}` is the name of both");
        }
    }
}

/// Hosts that are easily taken for one another.
fn alike(number: u32) -> Vec<String> {
    let [_, b, c, d] = number.to_be_bytes();
    match number % 8 {
        0 => vec![format!("h{number}.example.com"), format!("h{number}-example.com")],
        1 => vec![format!("api-v1.h{number}.example.com"), format!("api.v1-h{number}.example.com")],
        2 => vec![format!("api.v1.h{number}.example.com"), format!("api-v1-h{number}.example.com")],
        3 => vec![format!("h{number}.example.upstream"), format!("h{number}.example.gateway")],
        4 => vec![format!("h{number}.a-rather-long-name-for-a-service.in-a-region-far-away.example.com")],
        5 => vec![format!("bücher-{number}.example"), format!("buecher-{number}.example")],
        6 => vec![format!("*.h{number}.example.com"), format!("h{number}.example.com")],
        _ => vec![format!("93.{b}.{c}.{d}"), format!("[2a00::{c:x}{d:02x}]")],
    }
}
