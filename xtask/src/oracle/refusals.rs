//! Objects that istiod's webhook refuses, held against `egress_core::istio::validation`: objects of the clusters that are there,
//! and copies of them with one field broken.
//!
//! Does not know what a field means. What the validation does not look at is left whole.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use egress_core::istio::validation::rejections;
use egress_core::resource::Resource;
use serde_json::{Value, json};
use testbed::oracle::{Oracle, OracleRequest};

use super::{
    cluster::{self, ClusterObjects, word},
    mutate::fields,
    random::Random,
};

/// So many objects are asked about at once.
const AT_ONCE: usize = 400;
/// The kinds that the validation knows.
const KINDS: [&str; 5] = ["ServiceEntry", "VirtualService", "DestinationRule", "Gateway", "Sidecar"];
/// Fields whose content the validation does not look at.
const UNKNOWN: [&str; 22] = [
    "annotations",
    "attempts",
    "authority",
    "captureMode",
    "connectionPool",
    "corsPolicy",
    "creationTimestamp",
    "defaultEndpoint",
    "fault",
    "headers",
    "inboundConnectionPool",
    "ingress",
    "loadBalancer",
    "method",
    "outlierDetection",
    "queryParams",
    "retries",
    "scheme",
    "sourceLabels",
    "timeout",
    "uri",
    "withoutHeaders",
];

/// Lengths around the limits of labels and names, and one beyond all.
const LENGTHS: [usize; 6] = [63, 64, 253, 254, 255, 1_100];
/// Names that sidecars send for the clusters of the mesh, and what is almost one.
const SERVER_NAMES: [&str; 10] = [
    "outbound_.80_.v1_.edition.cnn.com",
    "outbound_.80_._.edition.cnn.com",
    "outbound_.80_.v1_.*.cnn.com",
    "outbound_.x_.v1_.edition.cnn.com",
    "outbound_.80_.edition.cnn.com",
    "outbound_.80_.v_1_.edition.cnn.com",
    "outbound_.80_.v1_.",
    "outbound_.80_.v1_.-a",
    "outbound_.",
    "Outbound_.80_.v1_.edition.cnn.com",
];

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct RefusalFigures {
    /// How many objects both sides were asked about.
    pub(super) tried: usize,
    /// How many of them istiod refuses.
    refused: usize,
    /// Those that one side refuses and the other takes.
    pub(super) different: Vec<String>,
}

impl RefusalFigures {
    /// The figures, and so many differences in full.
    pub(super) fn text(&self, show: usize) -> String {
        let RefusalFigures { tried, refused, different } = self;
        let mut text = format!(
            "objects: {tried} given to istiod's validation, {refused} refused, {} refused by one side only\n",
            different.len()
        );
        for one in different.iter().take(show) {
            let _ = writeln!(text, "\n{one}");
        }
        text
    }
}

/// Asks both sides about the objects of these clusters, and about so many broken ones.
pub(super) fn compare(
    clusters: &[ClusterObjects],
    seed: u64,
    broken: usize,
) -> anyhow::Result<RefusalFigures> {
    let known = |object: &&Value| {
        KINDS.contains(&word(object, "/kind"))
            && word(object, "/apiVersion").starts_with("networking.istio.io/")
    };
    let mut texts = BTreeSet::new();
    let all: Vec<&Value> = clusters
        .iter()
        .flat_map(|cluster| cluster.objects.iter().filter(known))
        .filter(|object| texts.insert(object.to_string()))
        .collect();
    let made = (0..broken).filter_map(|index| {
        let mut random = Random::of(seed, u64::try_from(index).unwrap_or_default());
        let object = random.of_all(&all).copied()?;
        let other = random.of_all(&all).copied()?;
        Some(broken_copy(object, other, &mut random))
    });
    let objects: Vec<Value> = all.iter().map(|object| (*object).clone()).chain(made).collect();
    let readable: Vec<(Value, Vec<String>)> = objects
        .into_iter()
        .enumerate()
        .filter_map(|(number, object)| {
            let object = placed(object, number);
            let reasons = rejections(&Resource::from_json(&object).ok()?);
            let told = reasons.into_iter().map(|one| format!("{}: {}", one.field, one.reason));
            Some((object, told.collect()))
        })
        .collect();
    let mut oracle = Oracle::start(&[])?;
    let mut figures = RefusalFigures::default();
    for some in readable.chunks(AT_ONCE) {
        let objects = some.iter().map(|(object, _)| object.clone()).collect();
        let answer = oracle.ask(&OracleRequest { objects, mesh: String::new(), proxies: Vec::new() })?;
        for (object, ours) in some {
            let theirs = answer.rejected.iter().find(|rejected| {
                rejected.namespace == cluster::namespace(object) && rejected.kind == word(object, "/kind")
            });
            figures.tried += 1;
            figures.refused += usize::from(theirs.is_some());
            if theirs.is_some() == ours.is_empty() {
                let theirs = theirs.map_or("takes it", |rejected| rejected.reason.as_str());
                figures.different.push(format!("{object}\n  we: {}\n  istiod: {theirs}", ours.join("; ")));
            }
        }
    }
    Ok(figures)
}

/// An object in a namespace that no other object is in.
fn placed(mut object: Value, number: usize) -> Value {
    object["metadata"]["namespace"] = json!(format!("n{number}"));
    object
}

/// A text of a length at which something may end: one word, or labels with dots between them; or a server name of that length.
fn long(random: &mut Random) -> String {
    let length = random.of_all(&LENGTHS).copied().unwrap_or_default();
    let labels = || "abcdefgh.".repeat(length.div_ceil(9));
    let mut text = match random.below(4) {
        0 => "a".repeat(length),
        1 => format!("*.{}", labels()),
        2 => format!("outbound_.80_.v1_.{}", labels()),
        _ => labels(),
    };
    text.truncate(length);
    if text.ends_with('.') {
        text.pop();
        text.push('a');
    }
    text
}

/// A copy with one field that is gone, or says something else.
fn broken_copy(object: &Value, other: &Value, random: &mut Random) -> Value {
    let mut copy = object.clone();
    let is_known = |path: &String| !path.split('/').any(|part| UNKNOWN.contains(&part));
    let paths: Vec<String> = fields(object).into_iter().filter(is_known).collect();
    let Some((path, (parent, last))) =
        random.of_all(&paths).and_then(|path| Some((path, path.rsplit_once('/')?)))
    else {
        return copy;
    };
    let words =
        ["", "*", "~", ".", "a..b", "-a", "a", "*.a", "10.0.0.1", "10.0.0.0/8", "UDP", "TLS", "HTTP", "shop"];
    let numbers = [0, 1, 443, 65_535, 65_536];
    let value = match copy.pointer(path) {
        Some(Value::String(_)) if random.percent(30) => word(other, path).into(),
        Some(Value::String(_)) if random.percent(15) => long(random).into(),
        Some(Value::String(_)) if random.percent(15) => random.word(&SERVER_NAMES).into(),
        Some(Value::String(_)) => random.word(&words).into(),
        Some(Value::Number(_)) => json!(random.of_all(&numbers)),
        Some(Value::Array(items)) if random.percent(50) => {
            json!(items.iter().chain(items.first()).collect::<Vec<_>>())
        }
        Some(Value::Array(_)) => json!([]),
        _ => Value::Null,
    };
    match copy.pointer_mut(parent) {
        Some(Value::Object(fields)) if value.is_null() || random.percent(30) => {
            fields.shift_remove(last);
        }
        Some(parent) => {
            if let Some(field) = parent.pointer_mut(&format!("/{last}")) {
                *field = value;
            }
        }
        None => {}
    }
    copy
}
