//! What `add` finds by simulation before the first write: each directory beside this file holds a request, the objects of a
//! cluster, and what comes of it.
//!
//! `SNAPSHOTS=overwrite cargo test -p egress-core --test behaviour preflight` writes down what came instead.

use std::fs;
use std::path::{Path, PathBuf};

use egress_core::index::Index;
use egress_core::intent::Layout;
use egress_core::plan::{self, Plan};
use egress_core::preflight::{self, Preflight, PreflightResult};
use egress_core::related_resources::RelatedResources;
use egress_core::resource::Resource;
use egress_core::snapshot::{
    OutboundMode, PodFacts, ProxyFacts, ProxyRole, ServiceFacts, ServicePort, Snapshot,
};
use serde::Deserialize as _;
use serde_json::Value;
use snapbox::assert::DEFAULT_ACTION_ENV;
use snapbox::{Assert, Data};

use crate::fixture::{live, request, snapshot};

#[test]
fn every_case_is_decided_as_expected() {
    let cases = cases();
    assert!(!cases.is_empty());
    for case in cases {
        check(&case);
    }
}

/// Decides a case and compares the outcome with `expected.txt`.
fn check(case: &Path) {
    let expected = Data::read_from(&case.join("expected.txt"), None);
    Assert::new()
        .action_env(DEFAULT_ACTION_ENV)
        .try_eq(Some(&case.display()), Data::text(outcome(case)), expected.raw())
        .unwrap_or_else(|error| panic!("{error}"));
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/behaviour/preflight");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
    cases.sort();
    cases
}

/// What comes of the request in `request.txt`: a host, its ports, and words such as `endpoints`, `*` and `unreadable`.
fn outcome(case: &Path) -> String {
    let typed = fs::read_to_string(case.join("request.txt")).unwrap();
    let mut words = typed.split_whitespace();
    let mut record = request(words.next().unwrap());
    let mut is_readable = true;
    for word in words {
        match word {
            "unreadable" => is_readable = false,
            "*" => record.intent.export_to = vec!["*".to_owned()],
            layout => record.intent.layout = layout.parse::<Layout>().unwrap(),
        }
    }
    let (resources, related) = objects(&fs::read_to_string(case.join("cluster.yaml")).unwrap_or_default());
    let cluster = cluster(&resources);
    let gateway = cluster.gateway(&record.intent.gateway).unwrap();
    let parts = egress_core::dialect::build(&record, gateway, &cluster.mesh).unwrap();
    let mut index = Index::of(&cluster);
    let plan: Plan = plan::add::plan(&record.intent, &parts, &index.without([]));
    for part in &parts {
        index.insert(&part.resource);
    }
    let wanted = [(&record.intent, parts.as_slice())];
    let related = is_readable.then_some(&related);
    match preflight::check(&Preflight { index: &index, related, wanted: &wanted, plans: &[&plan] }) {
        PreflightResult::Passed(calls) => format!("{calls} calls take the wanted paths\n"),
        PreflightResult::Unknown(reason) => format!("not simulated: {reason}\n"),
        PreflightResult::Refused(conflicts) => {
            let line = |one: &egress_core::conflict::Conflict| {
                format!("refused: {} ({}) {}\n  {}\n", one.object, one.field, one.message, one.hint)
            };
            conflicts.iter().map(line).collect()
        }
    }
}

/// The objects of a case: those that the plan may meet, and others around them.
fn objects(yaml: &str) -> (Vec<Resource>, RelatedResources) {
    let (mut resources, mut related) = (Vec::new(), RelatedResources::default());
    for document in serde_yaml::Deserializer::from_str(yaml) {
        let object = Value::deserialize(document).unwrap();
        if object.is_null() {
            continue;
        }
        let word = |key: &str| object[key].as_str().unwrap().to_owned();
        if related.read(&word("apiVersion"), &word("kind"), &(&object).into()).unwrap().is_none() {
            let found = Resource::from_json(&object).unwrap();
            resources.push(if found.live.is_some() { found } else { live(found) });
        }
    }
    (resources, related)
}

/// The cluster of the other tests, with all that calls need: addresses, proxies and the Service of the gateway.
fn cluster(resources: &[Resource]) -> Snapshot {
    let mut cluster = snapshot(resources);
    cluster.mesh.outbound = Some(OutboundMode::RegistryOnly);
    let gateway = cluster.gateways.first_mut().unwrap();
    for (number, pod) in gateway.pods.iter_mut().enumerate() {
        pod.addresses = vec![format!("10.244.0.{}", 10 + number)];
        pod.proxy = Some(ProxyFacts { role: ProxyRole::Router, ..ProxyFacts::default() });
    }
    let port = |name: &str, number: u16, target: u16| ServicePort {
        name: name.to_owned(),
        number,
        target: Some(target),
        app_protocol: None,
        udp: false,
    };
    cluster.services.push(ServiceFacts {
        namespace: gateway.name.namespace.clone(),
        name: gateway.name.service.clone(),
        selector: gateway.selector.clone(),
        ports: vec![port("http2", 80, 8080), port("https", 443, 8443)],
        addresses: vec!["10.96.0.10".to_owned()],
        ..ServiceFacts::default()
    });
    let sidecar = Some(ProxyFacts { role: ProxyRole::Sidecar, ..ProxyFacts::default() });
    for (number, pod) in cluster.pods.iter_mut().enumerate() {
        let addresses = vec![format!("10.244.0.{}", 20 + number)];
        *pod = PodFacts { addresses, proxy: sidecar.clone(), ..pod.clone() };
    }
    cluster
}
