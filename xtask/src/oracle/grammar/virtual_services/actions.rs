//! What a rule does.

use serde_json::{Value, json};

use crate::oracle::{grammar::pools::Pools, random::Random};

/// What is done with a request.
pub(super) fn http_action(random: &mut Random, pools: &Pools, is_delegate: bool) -> Value {
    let mut action = json!({});
    match random.below(20) {
        0 => action["redirect"] = json!({ "authority": "elsewhere.example.org" }),
        1 => action["redirect"] = json!({ "uri": "/", "redirectCode": 308, "scheme": "https" }),
        2 => action["directResponse"] = json!({ "status": 200 + 3 * random.below(2) }),
        3 if !is_delegate => {
            let delegate = random.text(&pools.delegates);
            let (namespace, name) = delegate.split_once('/').unwrap_or(("shop", "nobody"));
            action["delegate"] = json!({ "namespace": namespace, "name": name });
        }
        _ => {
            action["route"] = destinations(random, pools);
            if random.percent(10) {
                action["rewrite"] =
                    json!({ "authority": random.text(&pools.hosts).trim_start_matches("*.") });
            }
            if random.percent(5) {
                action["mirror"] = destination(random, pools);
            }
            if random.percent(10) {
                action["timeout"] = "5s".into();
            }
        }
    }
    action
}

/// Where calls are sent to: one, or several with weights.
pub(super) fn destinations(random: &mut Random, pools: &Pools) -> Value {
    let one = destination(random, pools);
    if random.percent(80) {
        return json!([{ "destination": one }]);
    }
    let first = random.below(3) * 50;
    let other = destination(random, pools);
    json!([{ "destination": one, "weight": first }, { "destination": other, "weight": 100 - first }])
}

fn destination(random: &mut Random, pools: &Pools) -> Value {
    let service = pools.service(random);
    let (host, port) = if random.percent(50) {
        (service.host(random), service.port(random))
    } else {
        let host = random.text(&pools.hosts);
        (Pools::below(random, &host), pools.port(random))
    };
    let mut destination = json!({ "host": host });
    if random.percent(80) {
        destination["port"] = json!({ "number": port });
    }
    if random.percent(30) {
        destination["subset"] = random.text(&pools.subsets).into();
    }
    destination
}
