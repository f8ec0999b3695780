//! The objects of one egress as people write them: calls of a host pass a gateway.
//!
//! Five ways in which they do it, each with small variations, and now and then a slip: one value that does not fit the others.

use serde_json::{Value, json};

use super::{
    destination_rules, entries,
    objects::{export, object},
    pools::{GatewayService, Pools},
};
use crate::oracle::random::Random;

/// How often, of a hundred values, one does not fit.
const SLIPS: usize = 4;

/// How calls get to the gateway and from there to the host.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// HTTP all along.
    Plain,
    /// HTTP, in mTLS of the mesh to the gateway.
    Mutual,
    /// HTTP to the gateway, which opens TLS to the host.
    Originating,
    /// The application's own TLS.
    Passthrough,
    /// HTTP to a service of the mesh, in mTLS of the mesh that the gateway does not end.
    Onward,
    /// Any bytes.
    Bytes,
}

/// What belongs together.
struct Plan {
    way: Way,
    /// The host as the entry has it, and as routes name it.
    host: String,
    name: String,
    namespace: String,
    service: GatewayService,
    /// Where applications call, and where the gateway listens.
    called: u16,
    listened: u16,
    gateway: String,
    subset: Option<String>,
}

/// The objects of an egress for a host.
pub(super) fn make(random: &mut Random, pools: &mut Pools, host: &str) -> Vec<Value> {
    let way = *random
        .of_all(&[
            Way::Plain,
            Way::Plain,
            Way::Mutual,
            Way::Mutual,
            Way::Originating,
            Way::Passthrough,
            Way::Passthrough,
            Way::Onward,
            Way::Bytes,
        ])
        .unwrap_or(&Way::Plain);
    let service = pools.service(random);
    let usual = if matches!(way, Way::Plain | Way::Originating) { 80 } else { 443 };
    let listened = if service.ports.contains(&usual) { usual } else { service.port(random) };
    let called = match way {
        Way::Passthrough => 443,
        Way::Bytes => 27017,
        _ => 80,
    };
    let plan = Plan {
        way,
        host: host.to_owned(),
        name: if random.percent(70) { host.to_owned() } else { Pools::below(random, host) },
        namespace: pools.namespace(random),
        listened: if random.percent(SLIPS) { pools.port(random) } else { listened },
        called: if random.percent(SLIPS) { pools.port(random) } else { called },
        gateway: pools.name("gateway"),
        subset: (matches!(way, Way::Mutual | Way::Onward) || random.percent(40))
            .then(|| random.text(&pools.subsets)),
        service,
    };
    let mut objects = vec![plan.server(random, pools)];
    if random.percent(100 - SLIPS) {
        objects.push(plan.entry(random, pools));
    }
    objects.extend(plan.rule(random, pools));
    objects.extend(plan.routes(random, pools));
    if plan.way == Way::Originating {
        objects.push(plan.origination(random, pools));
    }
    if random.percent(SLIPS) {
        objects.push(destination_rules::of_host(random, pools, host));
    }
    objects
}

impl Plan {
    /// Mostly in the egress's own namespace, and now and then in another one.
    fn object(&self, random: &mut Random, pools: &mut Pools, kind: &str, spec: &Value) -> Value {
        let elsewhere = random.percent(SLIPS).then(|| random.text(&pools.namespaces));
        let name = pools.name(&kind.to_lowercase());
        object(random, kind, elsewhere.as_ref().unwrap_or(&self.namespace), &name, spec)
    }

    fn entry(&self, random: &mut Random, pools: &mut Pools) -> Value {
        if random.percent(3 * SLIPS) {
            return entries::make(random, pools, &self.host);
        }
        let mut ports = vec![json!({ "number": self.called, "name": "called", "protocol": self.protocol() })];
        if self.way == Way::Originating && random.percent(50) {
            ports[0]["targetPort"] = 443.into();
        }
        for (number, protocol) in [(80, "HTTP"), (443, "TLS")] {
            if number != self.called && random.percent(60) {
                ports
                    .push(json!({ "number": number, "name": protocol.to_lowercase(), "protocol": protocol }));
            }
        }
        let resolution =
            if self.host.starts_with('*') { "NONE" } else { random.word(&["DNS", "DNS", "NONE"]) };
        let inside = self.way == Way::Onward && random.percent(50);
        let location = if inside { "MESH_INTERNAL" } else { "MESH_EXTERNAL" };
        let mut spec =
            json!({ "hosts": [self.host], "location": location, "ports": ports, "resolution": resolution });
        if self.way == Way::Bytes {
            spec["addresses"] = json!([random.word(&["192.0.2.10", "198.51.100.7"])]);
        }
        export(random, pools, &mut spec);
        self.object(random, pools, "ServiceEntry", &spec)
    }

    fn protocol(&self) -> &'static str {
        match self.way {
            Way::Passthrough => "TLS",
            Way::Bytes => "TCP",
            Way::Plain | Way::Mutual | Way::Originating | Way::Onward => "HTTP",
        }
    }

    fn server(&self, random: &mut Random, pools: &mut Pools) -> Value {
        let (protocol, mode) = match self.way {
            Way::Plain | Way::Originating => ("HTTP", None),
            Way::Mutual => ("HTTPS", Some("ISTIO_MUTUAL")),
            Way::Passthrough => ("TLS", Some("PASSTHROUGH")),
            Way::Onward => ("TLS", Some("AUTO_PASSTHROUGH")),
            Way::Bytes => ("TCP", None),
        };
        let host = match random.below(10) {
            _ if self.way == Way::Onward && random.percent(70) => "*.local".to_owned(),
            0..=1 => "*".to_owned(),
            2 => format!("./{}", self.name),
            3 => format!("*/{}", self.name),
            4 => format!("{}/{}", self.namespace, self.host),
            _ => self.host.clone(),
        };
        let mut server = json!({ "port": { "number": self.listened, "name": "server", "protocol": protocol }, "hosts": [host] });
        if let Some(mode) = mode {
            server["tls"] = json!({ "mode": mode });
        }
        let spec = json!({ "selector": { "istio": self.service.selector["istio"] }, "servers": [server] });
        pools.gateways.push(format!("{}/{}", self.namespace, self.gateway));
        object(random, "Gateway", &self.namespace, &self.gateway, &spec)
    }

    /// The subset of the gateway's Service that calls go to.
    fn rule(&self, random: &mut Random, pools: &mut Pools) -> Option<Value> {
        let mut subset = json!({ "name": self.subset.as_ref()? });
        if matches!(self.way, Way::Mutual | Way::Onward) {
            let mut tls = json!({ "mode": "ISTIO_MUTUAL" });
            if self.way == Way::Onward {
                tls["sni"] = destination_rules::service_name(random, pools).into();
            } else if random.percent(50) {
                tls["sni"] = self.name.trim_start_matches("*.").into();
            }
            subset["trafficPolicy"] = if random.percent(50) {
                json!({ "tls": tls })
            } else {
                json!({ "portLevelSettings": [{ "port": { "number": self.listened }, "tls": tls }] })
            };
        }
        let mut spec = json!({ "host": self.service.host(random), "subsets": [subset] });
        export(random, pools, &mut spec);
        Some(self.object(random, pools, "DestinationRule", &spec))
    }

    fn origination(&self, random: &mut Random, pools: &mut Pools) -> Value {
        let tls = json!({ "mode": "SIMPLE" });
        let policy = if random.percent(50) {
            json!({ "tls": tls })
        } else {
            json!({ "portLevelSettings": [{ "port": { "number": self.called }, "tls": tls }] })
        };
        let spec = json!({ "host": self.name, "trafficPolicy": policy });
        self.object(random, pools, "DestinationRule", &spec)
    }

    /// The two legs, in one object or in two.
    fn routes(&self, random: &mut Random, pools: &mut Pools) -> Vec<Value> {
        let mut to_gateway =
            json!({ "host": self.service.host(random), "port": { "number": self.listened } });
        if let Some(subset) = &self.subset {
            to_gateway["subset"] = subset.clone().into();
        }
        let port = if random.percent(SLIPS) { pools.port(random) } else { self.called };
        let to_host = json!({ "host": self.name, "port": { "number": port } });
        let named = |random: &mut Random| {
            let other = format!("{}/{}", self.namespace, self.gateway);
            if random.percent(50) { other } else { self.gateway.clone() }
        };
        let gateway = named(random);
        let first = self.leg("mesh", self.called, &to_gateway);
        let second = self.leg(&gateway, self.listened, &to_host);
        let field = match self.way {
            Way::Passthrough => "tls",
            Way::Bytes => "tcp",
            Way::Plain | Way::Mutual | Way::Originating | Way::Onward => "http",
        };
        let legs = if random.percent(50) {
            vec![(json!(["mesh", gateway]), json!([first, second]))]
        } else {
            vec![(json!(["mesh"]), json!([first])), (json!([gateway]), json!([second]))]
        };
        let made = legs.into_iter().map(|(gateways, rules)| {
            let mut spec = json!({ "hosts": [self.name], "gateways": gateways });
            spec[field] = rules;
            export(random, pools, &mut spec);
            object(random, "VirtualService", &self.namespace, &pools.name("route"), &spec)
        });
        made.collect()
    }

    fn leg(&self, gateway: &str, port: u16, destination: &Value) -> Value {
        let mut condition = json!({ "gateways": [gateway], "port": port });
        if self.way == Way::Passthrough {
            condition["sniHosts"] = json!([self.name]);
        }
        json!({ "match": [condition], "route": [{ "destination": destination }] })
    }
}
