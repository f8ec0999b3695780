//! Rules that take connections to other addresses than those of the host: `destinationSubnets` that do not fit.

use std::net::IpAddr;

use egress_core::istio::call::{End, Passage};
use ipnet::IpNet;
use serde_json::{Value, json};

use crate::finding::{Fix, Place};
use crate::fixes;
use crate::traffic::routed_call::RoutedCall;
use crate::view::View;

/// The field, what is said of it, and its change. None where the rule takes the address of the call, or the call has reached the
/// gateway.
pub(super) fn of_others(
    view: &View<'_>,
    call: &RoutedCall<'_>,
    passage: &Passage,
) -> Option<(Place, String, Fix)> {
    if passage.hops.len() > 1 || matches!(passage.end, End::Undecided) {
        return None;
    }
    let spec = json!({ "spec": call.route.virtual_service() });
    let rule = spec.pointer(&fixes::pointer(&call.rule))?;
    let matches = rule.get("match").and_then(Value::as_array)?.iter().enumerate();
    let (place, subnets) = matches
        .filter(|(_, matched)| matched["port"].as_u64().is_none_or(|port| port == u64::from(call.call.port)))
        .filter_map(|(place, matched)| Some((place, words(&matched["destinationSubnets"])?)))
        .find(|(_, subnets)| !subnets.iter().any(|subnet| contains(subnet, call.call.address)))?;
    let entries = view.entries_seen_from(call.caller, &call.host);
    let own = entries.first().and_then(|entry| entry.service_entry()?.addresses.clone()).unwrap_or_default();
    let field = format!("{}.match[{place}].destinationSubnets", call.rule);
    let (told, fix) = if own.is_empty() {
        let why = "takes connections to every address of the port";
        (
            format!("no ServiceEntry gives {} an address in them", call.host),
            fixes::leave_out(&call.route.id, &field, why),
        )
    } else {
        let why = "takes connections to the addresses of the host";
        let fix = fixes::set(&call.route.id, &field, &json!(own), why);
        (format!("{} has addresses {}", call.host, own.join(", ")), fix)
    };
    Some((Place::of(&call.route.id).field(field, subnets.join(", ")), told, fix))
}

fn words(list: &Value) -> Option<Vec<String>> {
    let all = list.as_array()?.iter().filter_map(|word| word.as_str().map(str::to_owned));
    Some(all.collect()).filter(|all: &Vec<String>| !all.is_empty())
}

fn contains(subnet: &str, address: IpAddr) -> bool {
    let range = subnet.parse::<IpNet>().or_else(|_| subnet.parse::<IpAddr>().map(IpNet::from));
    range.is_ok_and(|range| range.contains(&address))
}
