//! 10,000 random objects under ten random configurations: the API server judges each as `rules` do.
//!
//! The seed is fixed. What `add` itself would write is held to `egress_policy::hosts`, which `add` asks; everything else to the
//! export's twin, which unit tests hold to `egress_policy::hosts`.

use std::{collections::BTreeSet, sync::Arc, thread, time::Instant};

use anyhow::{Context as _, anyhow, ensure};
use egress_policy::{
    Policy as _,
    config::{ConfiguredLimits, PolicyConfig},
    export::{ExportSource, ExportedLayer, ObjectVerdict},
    hosts,
    policy_set::{Layer as Rank, LoadedPolicy, PolicySet, merge},
    report::Status,
    request::{Destination, Request},
    rules::Rules,
};
use serde_json::{Value, json};

use super::ask::{Answer, Exported, ask};
use crate::harness::{Mesh, configuration, say};

const CONFIGURATIONS: usize = 10;
const OBJECTS: usize = 1_000;
/// Runs of kubectl side by side.
const WRITERS: usize = 6;

/// One request, and what is expected of it.
struct Case {
    object: Value,
    accepted: bool,
}

pub(super) fn agree(mesh: &Mesh) -> anyhow::Result<()> {
    let mut random = Random(20_261_128);
    let texts: Vec<String> = (0..CONFIGURATIONS).map(|_| a_configuration(&mut random)).collect();
    let mut cases = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        let judge = Judge::of(text)?;
        cases.extend((0..OBJECTS).map(|_| judge.case(&mut random, number)));
    }
    for (index, case) in cases.iter_mut().enumerate() {
        case.object["metadata"]["name"] = json!(format!("r-{index}"));
    }
    let exported = Exported::side_by_side(mesh, &texts)?;
    let begin = Instant::now();
    let parts = cases.chunks(cases.len().div_ceil(WRITERS));
    let disagreements = thread::scope(|scope| {
        let runs: Vec<_> = parts.map(|part| scope.spawn(move || disagreements(mesh, part))).collect();
        let ended = runs.into_iter().map(|run| run.join().map_err(|_| anyhow!("a writer panicked"))?);
        ended.collect::<anyhow::Result<Vec<_>>>()
    })?;
    let disagreements = disagreements.concat();
    let accepted = cases.iter().filter(|case| case.accepted).count();
    say(format_args!(
        "  {} objects, {accepted} of them accepted, in {:.0} s; {} disagreements",
        cases.len(),
        begin.elapsed().as_secs_f64(),
        disagreements.len()
    ));
    ensure!(disagreements.is_empty(), "{:#?}", &disagreements[..disagreements.len().min(5)]);
    // Neither answer is so rare that agreement says nothing.
    ensure!((cases.len() / 10..cases.len() * 9 / 10).contains(&accepted), "{accepted} were accepted");
    drop(exported);
    one_host_less(mesh)
}

/// The control: an export that lacks one of two hosts disagrees with the rules that have both, exactly there.
fn one_host_less(mesh: &Mesh) -> anyhow::Result<()> {
    let text = |hosts: &str| {
        configuration(&format!("- {{name: p0, builtin: rules, settings: {{allow: [{hosts}]}}}}"))
    };
    let judge = Judge::of(&text("a.acme.com, b.acme.com"))?;
    let ports = BTreeSet::from([443]);
    let case = |(index, host): (usize, &str)| {
        let mut object = written(host, "shop", &ports, false);
        object["apiVersion"] = json!("networking.istio.io/v1");
        object["metadata"] =
            json!({"name": format!("c-{index}"), "namespace": "shop", "labels": {"export": "0"}});
        Case { object, accepted: judge.allows("shop", host, &ports) }
    };
    let cases: Vec<Case> =
        ["a.acme.com", "b.acme.com", "acme.org"].into_iter().enumerate().map(case).collect();
    let _exported = Exported::side_by_side(mesh, &[text("a.acme.com")])?;
    let found = disagreements(mesh, &cases)?;
    ensure!(found.len() == 1 && found[0].contains("b.acme.com"), "{found:#?}");
    Ok(())
}

fn disagreements(mesh: &Mesh, cases: &[Case]) -> anyhow::Result<Vec<String>> {
    let objects: Vec<Value> = cases.iter().map(|case| case.object.clone()).collect();
    let answers = ask(mesh, &objects)?;
    let mut found = Vec::new();
    for case in cases {
        let answer = &answers[case.object["metadata"]["name"].as_str().context("no name")?];
        if (*answer == Answer::Accepted) != case.accepted {
            found.push(format!("expected accepted={}, found {answer:?}: {}", case.accepted, case.object));
        }
    }
    Ok(found)
}

/// One configuration, as `add` asks it and as it is exported.
struct Judge {
    policies: PolicySet,
    twin: ExportedLayer,
}

impl Judge {
    fn of(text: &str) -> anyhow::Result<Self> {
        let set = PolicyConfig::parse(text)?;
        let none = BTreeSet::new();
        let source = ExportSource {
            set: &set,
            root_namespace: Some("istio-system"),
            gateway_namespaces: &none,
            today: "2026-11-28".parse()?,
        };
        let twin = ExportedLayer::read(&source)?;
        let policies = set.policies.iter().map(|entry| {
            let rules = Rules::new(&entry.settings).map_err(|findings| anyhow!("{findings:?}"))?;
            Ok(LoadedPolicy {
                name: entry.name.clone(),
                layer: Rank::Cluster,
                digest: None,
                settings: entry.settings.clone(),
                hooks: rules.hooks().clone(),
                on_deny: None,
                policy: Arc::new(rules),
            })
        });
        let policies = policies.collect::<anyhow::Result<Vec<_>>>()?;
        let merged = merge(vec![(Rank::Cluster, set.clone())], &ConfiguredLimits::default())?;
        Ok(Judge { policies: merged.with_policies(policies), twin })
    }

    fn case(&self, random: &mut Random, configuration: usize) -> Case {
        let namespace = random.one(&["shop", "billing"]);
        let label = |mut object: Value| {
            object["apiVersion"] = json!(version(configuration));
            object["metadata"] =
                json!({"namespace": namespace, "labels": {"export": configuration.to_string()}});
            object
        };
        if random.chance(40) {
            let (host, ports) = (a_name(random), some_ports(random));
            let accepted = self.allows(namespace, &host, &ports);
            let is_upstream = random.chance(40);
            return Case { object: label(written(&host, namespace, &ports, is_upstream)), accepted };
        }
        let object = label(by_hand(random, namespace));
        let accepted = self.twin.judge(namespace, &object) == ObjectVerdict::Accepted;
        Case { object, accepted }
    }

    /// What `add` would be told.
    fn allows(&self, namespace: &str, host: &str, ports: &BTreeSet<u16>) -> bool {
        let destinations = ports.iter().map(|port| Destination {
            host: host.to_owned(),
            port: *port,
            protocol: if *port == 80 { "HTTP" } else { "TLS" }.to_owned(),
            route: if *port == 80 { "mtls" } else { "passthrough" }.to_owned(),
        });
        let request = Request {
            verb: "add".to_owned(),
            namespace: namespace.to_owned(),
            destinations: destinations.collect(),
            ..Request::default()
        };
        hosts::decide(&self.policies, &request, None).status() == Status::Allowed
    }
}

/// Every third configuration is asked in an older version of the API.
fn version(configuration: usize) -> &'static str {
    if configuration % 3 == 2 { "networking.istio.io/v1beta1" } else { "networking.istio.io/v1" }
}

/// The two entries that `add` writes for a host.
fn written(host: &str, namespace: &str, ports: &BTreeSet<u16>, is_upstream: bool) -> Value {
    let mut spec = json!({"hosts": [host], "exportTo": ["."], "resolution": "DNS", "ports": declared(ports)});
    if is_upstream {
        spec["hosts"] = json!([format!("{host}.{namespace}.egress.internal")]);
        spec["location"] = json!("MESH_EXTERNAL");
        spec["endpoints"] = json!([{"address": host}]);
    }
    json!({"kind": "ServiceEntry", "spec": spec})
}

fn declared(ports: &BTreeSet<u16>) -> Vec<Value> {
    let declare = |port: &u16| {
        let protocol = if *port == 80 { "HTTP" } else { "TLS" };
        json!({"number": port, "name": format!("p-{port}"), "protocol": protocol})
    };
    ports.iter().map(declare).collect()
}

/// What somebody writes by hand, or in order to get around a list; all of it valid for Istio.
fn by_hand(random: &mut Random, namespace: &str) -> Value {
    let other = if namespace == "shop" { "billing" } else { "shop" };
    let export = random.pick(&[
        json!(["."]),
        json!(["."]),
        json!(["."]),
        json!([".", other]),
        json!(["*"]),
        json!([]),
    ]);
    let address = |random: &mut Random| if random.chance(70) { a_name(random) } else { an_address(random) };
    match random.below(10) {
        0 => json!({"kind": "WorkloadEntry", "spec": {"address": address(random)}}),
        1 => {
            let tunnel = json!({"protocol": "CONNECT", "targetHost": a_name(random), "targetPort": random.pick(&[json!(80), json!(443)])});
            json!({"kind": "DestinationRule", "spec": {"host": "a.acme.com", "exportTo": export, "trafficPolicy": {"tunnel": tunnel}}})
        }
        2 => {
            let mode = random.one(&["ALLOW_ANY", "REGISTRY_ONLY"]);
            json!({"kind": "Sidecar", "spec": {"egress": [{"hosts": ["./*"]}], "outboundTrafficPolicy": {"mode": mode}}})
        }
        3 | 4 => {
            let mut ports = declared(&some_ports(random));
            if random.chance(30) {
                ports.push(json!({"number": 9000, "name": "tcp", "protocol": "TCP"}));
            }
            let host = if random.chance(60) { format!("*.{}", a_name(random)) } else { a_name(random) };
            let ranges = ["10.0.0.0/8", "192.0.2.7/32", "192.0.2.7", "192.0.2.8", "2001:DB8::7"];
            let addresses = if random.chance(40) { json!([random.one(&ranges)]) } else { json!([]) };
            json!({"kind": "ServiceEntry", "spec": {"hosts": [host], "exportTo": export, "resolution": "NONE", "ports": ports, "addresses": addresses}})
        }
        5 => {
            let host = format!("{}.{namespace}.egress.internal", a_name(random));
            let endpoints = json!([{"address": address(random)}]);
            json!({"kind": "ServiceEntry", "spec": {"hosts": [host], "exportTo": export, "resolution": "DNS", "ports": declared(&some_ports(random)), "endpoints": endpoints}})
        }
        _ => {
            let mut hosts: BTreeSet<String> = BTreeSet::from([spelt(random)]);
            if random.chance(30) {
                hosts.insert(a_name(random));
            }
            let mut ports = declared(&some_ports(random));
            if random.chance(20) {
                ports[0]["targetPort"] =
                    json!(random.one(&["80", "443", "8080"]).parse::<u16>().unwrap_or(80));
            }
            let mut spec = json!({"hosts": hosts, "exportTo": export, "resolution": "DNS", "ports": ports});
            if random.chance(40) {
                let mut endpoint = json!({"address": address(random)});
                if random.chance(30) {
                    let name = spec["ports"][0]["name"].as_str().unwrap_or_default().to_owned();
                    endpoint["ports"] = json!({name: 8080});
                }
                spec["endpoints"] = json!([endpoint]);
            }
            json!({"kind": "ServiceEntry", "spec": spec})
        }
    }
}

fn a_configuration(random: &mut Random) -> String {
    let default = random.one(&["", "default: deny\n", "default: allow\n"]);
    let policies: Vec<String> = (0..=random.below(3))
        .map(|number| {
            let mut settings = json!({"others": random.one(&["deny", "abstain"])});
            // The first one is about everybody and allows much: else nearly all would be refused.
            if number == 0 || random.chance(60) {
                settings["allow"] = json!(globs(random, if number == 0 { 12 } else { 6 }));
            }
            if random.chance(60) || settings["allow"].is_null() {
                settings["deny"] = json!(globs(random, 3));
            }
            if number > 0 && random.chance(60) {
                settings["namespaces"] =
                    random.pick(&[json!(["shop"]), json!(["bill*"]), json!(["*"]), json!(["other"])]);
            }
            format!("- {{name: p{number}, builtin: rules, settings: {settings}}}")
        })
        .collect();
    let text = configuration(&policies.join("\n"));
    text.replace("policies:", &format!("{default}policies:"))
}

fn globs(random: &mut Random, most: usize) -> Vec<String> {
    let one = |random: &mut Random| {
        let host = match random.below(10) {
            0 => an_address(random),
            1..=5 => format!("*.{}", a_name(random)),
            _ => a_name(random),
        };
        // An address of IPv6 with a port stands in brackets.
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        format!("{host}{}", random.one(&["", "", ":80", ":443"]))
    };
    (0..=random.below(most)).map(|_| one(random)).collect()
}

fn a_name(random: &mut Random) -> String {
    let front = random.one(&["", "", "a.", "b.", "a.b.", "b.a."]);
    format!("{front}{}", random.one(&["acme.com", "acme.com", "eu.acme.com", "cnn.com", "acme.org"]))
}

/// A name as people spell it.
fn spelt(random: &mut Random) -> String {
    let name = a_name(random);
    if random.chance(20) { name.to_uppercase() } else { name }
}

fn an_address(random: &mut Random) -> String {
    random.one(&["192.0.2.7", "192.0.2.8", "2001:db8::7", "2001:db8::8"]).to_owned()
}

fn some_ports(random: &mut Random) -> BTreeSet<u16> {
    let ports = random.pick(&[json!([80]), json!([443]), json!([443]), json!([80, 443]), json!([8080])]);
    ports
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .filter_map(|port| port.try_into().ok())
        .collect()
}

/// Numbers that are the same in each run (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap_or_default()
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn one<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len())]
    }

    fn pick(&mut self, choices: &[Value]) -> Value {
        choices[self.below(choices.len())].clone()
    }
}
