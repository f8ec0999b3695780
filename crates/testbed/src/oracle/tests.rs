//! What a configuration does with calls: each case is a file with proxies, calls and what becomes of them.

use std::{collections::BTreeMap, fs, net::IpAddr, path::Path};

use egress_core::istio::call::{Call, Hop, Passage, Speaks};
use serde::Deserialize;
use serde_json::Value;

use super::{ProxyConfiguration, Surroundings, follow, missing_endpoint_slices};

#[derive(Deserialize)]
struct FollowCase {
    #[serde(default)]
    objects: Vec<Value>,
    proxies: BTreeMap<String, ProxyConfiguration>,
    calls: Vec<ExpectedCall>,
}

/// A call without `http` or `tls` is bytes; `tls: ""` is TLS without a name.
#[derive(Deserialize)]
struct ExpectedCall {
    #[serde(default = "client")]
    caller: String,
    address: IpAddr,
    port: u16,
    http: Option<String>,
    tls: Option<String>,
    passages: Vec<String>,
}

fn client() -> String {
    "shop/client".to_owned()
}

fn check(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/oracle/tests");
    let text = fs::read_to_string(folder.join(name).with_extension("yaml")).unwrap();
    let value: Value = serde_yaml::from_str(&text).unwrap();
    let FollowCase { mut objects, proxies, calls } = serde_json::from_value(value).unwrap();
    let slices = missing_endpoint_slices(&objects);
    objects.extend(slices);
    let surroundings = Surroundings::of(&objects);
    for expected in calls {
        let call = Call {
            caller: expected.caller,
            address: expected.address,
            port: expected.port,
            speaks: match (expected.http, expected.tls) {
                (Some(authority), _) => Speaks::Http { authority },
                (None, Some(name)) => Speaks::Tls { server_name: Some(name).filter(|name| !name.is_empty()) },
                (None, None) => Speaks::Bytes,
            },
        };
        let found: Vec<_> = follow(&proxies, &surroundings, &call).iter().map(line).collect();
        assert_eq!(found, expected.passages, "{name}: {call}");
    }
}

/// `shop/client outbound|80||x.com, route shop/vs, rule shop/dr, mesh TLS for x > {"leaves":{"to":"x","port":80}}`
fn line(passage: &Passage) -> String {
    let mut parts: Vec<_> = passage.hops.iter().map(hop).collect();
    parts.push(serde_json::to_string(&passage.end).unwrap());
    parts.join(" > ")
}

fn hop(hop: &Hop) -> String {
    let mut parts = vec![format!("{} {}", hop.proxy, hop.cluster)];
    for (word, value) in [("in", &hop.service_namespace), ("route", &hop.route), ("rule", &hop.rule)] {
        parts.extend(value.iter().map(|value| format!("{word} {value}")));
    }
    parts.extend(hop.tls.iter().map(|tls| {
        let mesh = if tls.is_mesh { "mesh " } else { "" };
        format!("{mesh}TLS for {}", tls.server_name.as_deref().unwrap_or("no name"))
    }));
    parts.join(", ")
}

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        $(#[test] fn $name() { check(stringify!($name)); })*
        const CASES: &[&str] = &[$(stringify!($name)),*];
    };
}

cases! {
    the_listener_of_the_address_comes_before_that_of_the_port,
    what_no_listener_knows_passes_or_is_blocked,
    the_most_specific_chain_wins_without_a_way_back,
    a_request_goes_through_the_gateway_and_out,
    a_rule_may_answer_or_divide_the_requests,
    routes_are_tried_in_order_for_a_plain_request,
    endpoints_decide_about_tls_and_health,
    connections_keep_their_address_or_follow_their_name,
    a_gateway_refuses_what_it_does_not_expect,
    a_call_in_a_circle_ends,
    a_service_leads_to_its_ready_pods,
}

#[test]
fn every_file_is_a_case() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/oracle/tests");
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap();
        assert!(CASES.contains(&name), "{name}.yaml has no test");
    }
}
