//! A thousand variations of the plugin's own objects, judged by the API server and by the functions beside the rules.
//!
//! The seed is fixed. Each variation changes one to three things of an object that the plugin writes: a value, a key, an
//! item of a list, its namespace, label or annotations.

use std::{collections::BTreeSet, thread, time::Instant};

use anyhow::{Context as _, ensure};
use egress_core::{
    admission::guard::{Guard, GuardRule, GuardedGateway},
    dialect,
    intent::{GatewayTls, Intent, Layout},
    metadata::Record,
    names::ChosenNames,
    snapshot::{GatewayFacts, MeshFacts, Snapshot},
};
use serde_json::{Value, json};

use super::super::super::harness::{Mesh, say};
use super::{guarded, kubectl};

const VARIATIONS: usize = 1_000;
const AT_ONCE: usize = 4;

/// Texts that mean something somewhere in the objects.
const TEXTS: [&str; 24] = [
    "edition.cnn.com",
    "Edition.cnn.com",
    "www.cnn.com",
    "*.cnn.com",
    "./edition.cnn.com",
    "billing/edition.cnn.com",
    "edition.cnn.com.shop.egress.internal",
    "edition.cnn.com.billing.egress.internal",
    "*.egress.internal",
    "0123abcd.shop.egress.internal",
    "istio-egressgateway.istio-system.svc.cluster.local",
    "x.billing.svc.cluster.local",
    "shop",
    "billing",
    "istio-system",
    ".",
    "*",
    "mesh",
    "istio-system/kubectl-egress-istio-egressgateway",
    "kubectl-egress-istio-egressgateway.istio-system",
    "egressgateway",
    "ingressgateway",
    "x-forwarded-client-cert",
    ".*",
];

/// Keys that a rule must not overlook, each with a value that the schema takes: the server drops a key that it does not
/// know before any rule sees it. By the kind of the object, and the key that the map stands under.
fn additions(object: &str, map: &str) -> Vec<(&'static str, Value)> {
    match map {
        "http" => vec![
            ("rewrite", json!({"authority": "x.example"})),
            ("mirror", json!({"host": "x.example"})),
            ("timeout", json!("5s")),
            ("headers", json!({"request": {"set": {"a": "b"}}})),
            ("fault", json!({"abort": {"httpStatus": 503, "percentage": {"value": 100}}})),
        ],
        // Of TLS and of HTTP have the port in common only.
        "tls/match" => vec![("port", json!(443))],
        "match" => vec![
            ("uri", json!({"prefix": "/login"})),
            ("uri", json!({"regex": "/.*"})),
            ("headers", json!({":authority": {"regex": ".*"}})),
            ("headers", json!({"x": {"exact": "y"}})),
            ("authority", json!({"exact": "edition.cnn.com:80"})),
            ("sourceNamespace", json!("shop")),
            ("port", json!(443)),
        ],
        "endpoints" => vec![("network", json!("x")), ("ports", json!({"http": 8080})), ("weight", json!(1))],
        "ports" => vec![("targetPort", json!(8080))],
        "route" => vec![("weight", json!(100))],
        "destination" => vec![("subset", json!("mesh"))],
        "servers" => vec![("bind", json!("0.0.0.0"))],
        "spec" if object == "ServiceEntry" => vec![
            ("workloadSelector", json!({"labels": {"a": "b"}})),
            ("exportTo", json!(["*"])),
            ("resolution", json!("STATIC")),
        ],
        "spec" if object != "Gateway" => vec![("exportTo", json!(["*"]))],
        _ => vec![],
    }
}

/// A generator that is the same everywhere (Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let high = usize::try_from(self.0 >> 33).unwrap_or_default();
        high % bound.max(1)
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        let index = self.below(items.len());
        items.get(index)
    }
}

/// The API server judges each variation as the function does.
pub(in super::super) fn agree(mesh: &Mesh) -> anyhow::Result<()> {
    let labels = mesh.bed().kubectl(&[
        "get",
        "service",
        "istio-egressgateway",
        "--namespace=istio-system",
        "--output=jsonpath={.spec.selector}",
    ])?;
    let stock = GatewayFacts::stock();
    let facts = GatewayFacts::assumed(stock.name, serde_json::from_str(&labels)?);
    let guard = Guard {
        gateways: vec![GuardedGateway::of(&facts, &Snapshot::default())],
        cluster_domain: "cluster.local".to_owned(),
        endpoint_writers: BTreeSet::from(["kube-controller-manager".to_owned()]),
    };
    let originals = originals(&facts)?;
    let mut dice = Dice(20_261_128);
    let objects: Vec<Value> = (0..VARIATIONS)
        .map(|number| {
            let original = dice.pick(&originals).cloned().context("no objects")?;
            Ok(varied(original, number, &mut dice))
        })
        .collect::<anyhow::Result<_>>()?;
    guarded(mesh, &["--deny"], || {
        let begin = Instant::now();
        let said = ask(mesh, &objects)?;
        let elapsed = begin.elapsed();
        let (mut refused, mut unjudged, mut wrong) = (0, 0, Vec::new());
        for (number, object) in objects.iter().enumerate() {
            let of_this = said.iter().filter(|line| line.contains(&format!("\"v{number}\"")));
            let lines: Vec<&String> = of_this.collect();
            if lines.iter().any(|line| line.contains("is invalid")) {
                unjudged += 1;
                continue;
            }
            let denied = lines.iter().find(|line| line.contains("egress guard, rule"));
            refused += usize::from(denied.is_some());
            let kind = object["kind"].as_str().unwrap_or_default();
            let rules = guard.judge(plural(kind), object);
            let agrees = match denied {
                None => rules.is_empty(),
                Some(line) => {
                    rules.iter().copied().map(GuardRule::opening).any(|words| line.contains(&words))
                }
            };
            if !agrees {
                wrong.push(format!("{rules:?}\n{denied:?}\n{object:#}"));
            }
        }
        say(format_args!(
            "  {VARIATIONS} variations: {refused} refused, {unjudged} not of the schema, {:.1} s",
            elapsed.as_secs_f64()
        ));
        costs(mesh)?;
        ensure!(wrong.is_empty(), "{} judged differently: {}", wrong.len(), wrong.join("\n"));
        ensure!(refused > 100 && VARIATIONS - refused - unjudged > 100, "the variations show little");
        ensure!(unjudged < VARIATIONS / 3, "too many are no objects at all");
        Ok(())
    })
}

/// What the policies cost the API server, by its own count.
fn costs(mesh: &Mesh) -> anyhow::Result<()> {
    let metrics = mesh.bed().kubectl(&["get", "--raw=/metrics"])?;
    let value =
        |line: &str| line.rsplit(' ').next().and_then(|text| text.parse::<f64>().ok()).unwrap_or_default();
    let total = |name: &str| -> f64 {
        let named =
            metrics.lines().filter(|line| line.starts_with(name) && line.contains("kubectl-egress-guard"));
        named.map(value).sum()
    };
    let name = "apiserver_validating_admission_policy_check_duration_seconds";
    let (sum, count) = (total(&format!("{name}_sum")), total(&format!("{name}_count")));
    say(format_args!("  {:.2} ms a judgement, of {count}", 1_000.0 * sum / count.max(1.0)));
    Ok(())
}

/// Sends every object as a dry run; the lines of what was said.
fn ask(mesh: &Mesh, objects: &[Value]) -> anyhow::Result<Vec<String>> {
    let chunks: Vec<&[Value]> = objects.chunks(objects.len().div_ceil(AT_ONCE)).collect();
    thread::scope(|scope| {
        let asked: Vec<_> = chunks
            .into_iter()
            .map(|chunk| {
                scope.spawn(move || -> anyhow::Result<Vec<String>> {
                    let list = json!({"apiVersion": "v1", "kind": "List", "items": chunk});
                    let create =
                        ["create", "--dry-run=server", "--validate=ignore", "--output=name", "--filename=-"];
                    let output = kubectl(mesh, &create, &list.to_string())?;
                    Ok(String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect())
                })
            })
            .collect();
        let mut lines = Vec::new();
        for thread in asked {
            lines.extend(thread.join().map_err(|_| anyhow::anyhow!("a thread panicked"))??);
        }
        Ok(lines)
    })
}

/// What the plugin writes for a host in both layouts, and the pair.
fn originals(gateway: &GatewayFacts) -> anyhow::Result<Vec<Value>> {
    let mut objects = Vec::new();
    for (layout, hop) in [
        (Layout::Shared, GatewayTls::Mtls),
        (Layout::Documented, GatewayTls::Mtls),
        (Layout::Documented, GatewayTls::Plain),
    ] {
        let record = Record {
            intent: Intent {
                host: "edition.cnn.com".parse()?,
                ports: ["80/HTTP", "443/TLS"].iter().map(|port| port.parse()).collect::<Result<_, _>>()?,
                namespace: "shop".to_owned(),
                gateway: gateway.name.clone(),
                layout,
                hop,
                export_to: vec![".".to_owned()],
                reason: None,
            },
            names: ChosenNames::default(),
            added_at: None,
            added_by: None,
        };
        for part in dialect::build(&record, gateway, &MeshFacts::default())? {
            objects.push(part.resource.to_json("v1")?);
        }
    }
    // Without the label, so that the other rules are met as well.
    let unclaimed: Vec<Value> = objects
        .iter()
        .cloned()
        .map(|mut object| {
            let metadata = &object["metadata"];
            object["metadata"] = json!({"namespace": metadata["namespace"]});
            object
        })
        .collect();
    objects.extend(unclaimed);
    Ok(objects)
}

fn varied(mut object: Value, number: usize, dice: &mut Dice) -> Value {
    for _ in 0..dice.below(4) {
        match dice.below(8) {
            0 => {
                let namespace = dice.pick(&["shop", "billing", "istio-system"]).copied();
                object["metadata"]["namespace"] = json!(namespace);
            }
            1 => {
                let role = dice.pick(&[
                    "upstream",
                    "client",
                    "gateway-leg",
                    "mesh-leg",
                    "gateway",
                    "shared-gateway",
                ]);
                object["metadata"]["annotations"]["kubectl-egress.github.io/role"] = json!(role.copied());
            }
            2 => object["metadata"]["labels"] = json!({"app.kubernetes.io/managed-by": "kubectl-egress"}),
            _ => {
                let of = object["kind"].as_str().unwrap_or_default().to_owned();
                let mut pointers = Vec::new();
                walk(&object["spec"], "/spec", "spec", &mut pointers);
                if let Some((pointer, kind)) = dice.pick(&pointers).cloned()
                    && let Some(found) = object.pointer_mut(&pointer)
                {
                    change(found, &of, &kind, dice);
                }
            }
        }
    }
    object["metadata"]["name"] = json!(format!("v{number}"));
    object
}

/// Changes one value: a text to another text, a number to another number, a list by an item, a map by a key.
fn change(value: &mut Value, object: &str, kind: &str, dice: &mut Dice) {
    match value {
        Value::String(text) => {
            if let Some(other) = dice.pick(&TEXTS) {
                (*other).clone_into(text);
            }
        }
        Value::Number(_) => *value = json!(dice.pick(&[80, 443, 8080, 8443]).copied()),
        Value::Array(items) => match (dice.below(3), items.first().cloned()) {
            (0, _) => items.clear(),
            (1, Some(Value::String(_))) => items.push(json!(dice.pick(&TEXTS).copied())),
            (_, Some(first)) => items.push(first),
            _ => {}
        },
        Value::Object(map) => {
            let keys: Vec<String> = map.keys().cloned().collect();
            let kind = if map.contains_key("sniHosts") { "tls/match" } else { kind };
            let additions = additions(object, kind);
            match (dice.below(3), dice.pick(&additions).cloned()) {
                (0, _) | (_, None) => {
                    if let Some(key) = dice.pick(&keys) {
                        map.remove(key);
                    }
                }
                (_, Some((key, added))) => {
                    map.insert(key.to_owned(), added);
                }
            }
        }
        _ => {}
    }
}

/// Where the values of an object are, each with the key that it, or the list that it is in, stands under.
fn walk(value: &Value, pointer: &str, kind: &str, found: &mut Vec<(String, String)>) {
    found.push((pointer.to_owned(), kind.to_owned()));
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{pointer}/{index}"), kind, found);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                let escaped = key.replace('~', "~0").replace('/', "~1");
                walk(item, &format!("{pointer}/{escaped}"), key, found);
            }
        }
        _ => {}
    }
}

fn plural(kind: &str) -> &'static str {
    match kind {
        "ServiceEntry" => "serviceentries",
        "VirtualService" => "virtualservices",
        "DestinationRule" => "destinationrules",
        _ => "gateways",
    }
}
