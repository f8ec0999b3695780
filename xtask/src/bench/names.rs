//! A million hosts and the names of their objects: how many hosts share a name, and how many names Kubernetes refuses.
//!
//! The test of the names takes a bounded sample of the same kinds of hosts; this is the whole.

use std::{collections::HashSet, time::Instant};

use egress_core::{host::Host, intent::is_label, names};

const HOSTS: u32 = 1_000_000;

/// Names all hosts and says in one line what came of it.
pub(super) fn count() -> String {
    let start = Instant::now();
    let hosts: HashSet<String> =
        (0..HOSTS).map(host).filter_map(|text| Some(Host::parse(&text).ok()?.to_string())).collect();
    let names: HashSet<String> =
        hosts.iter().filter_map(|text| Some(names::base(&Host::parse(text).ok()?))).collect();
    let invalid = names.iter().filter(|name| !is_label(name)).count();
    let (collisions, seconds) = (hosts.len() - names.len(), start.elapsed().as_secs_f64());
    format!("names: {} hosts, {collisions} collisions, {invalid} invalid names, {seconds:.1} s", hosts.len())
}

/// A host of one of the kinds that are hard to name.
fn host(number: u32) -> String {
    let [_, b, c, d] = number.to_be_bytes();
    match number % 8 {
        0 => format!("h{number}.example.com"),
        // The same letters, once with dots and once with dashes.
        1 => format!("api-v1.h{}.example.com", number / 8),
        2 => format!("api.v1-h{}.example.com", number / 8),
        3 => format!("api-v1-h{}.example.com", number / 8),
        4 => format!("h{number}.a-rather-long-name-for-a-service.in-a-region-far-away.example.com"),
        5 => format!("bücher-{number}.example"),
        6 => format!("*.h{number}.example.com"),
        _ => format!("10.{b}.{c}.{d}"),
    }
}
