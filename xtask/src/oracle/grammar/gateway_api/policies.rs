//! BackendTLSPolicies for the hosts of entries and for Services of gateways.

use serde_json::{Value, json};

use super::{SLIPS, object};
use crate::oracle::cluster::{list, name, namespace};
use crate::oracle::grammar::pools::Pools;
use crate::oracle::random::Random;

/// A policy for an entry, or for the Service of a gateway.
pub(super) fn make(random: &mut Random, pools: &mut Pools, entry: &Value) -> Value {
    let (mut owner, mut target, mut section) = (
        namespace(entry).to_owned(),
        json!({ "group": "networking.istio.io", "kind": "ServiceEntry", "name": name(entry) }),
        random.of_all(list(entry, "/spec/ports")).map(|port| port["name"].clone()),
    );
    if random.percent(15) {
        let service = pools.service(random);
        owner.clone_from(&service.namespace);
        target = json!({ "group": "", "kind": "Service", "name": service.name });
        section = Some(random.word(&["http", "https", "tls"]).into());
    }
    if random.percent(SLIPS) {
        owner = pools.namespace(random);
    }
    if let Some(section) = section.filter(|_| random.percent(40)) {
        target["sectionName"] = if random.percent(SLIPS) { "absent".into() } else { section };
    }
    let hosts = list(entry, "/spec/hosts");
    let host = hosts.first().and_then(Value::as_str).unwrap_or_default().trim_start_matches("*.");
    let mut validation = json!({ "hostname": host, "wellKnownCACertificates": "System" });
    if random.percent(SLIPS) {
        validation = json!({
            "hostname": host,
            "caCertificateRefs": [{ "group": "", "kind": "ConfigMap", "name": "authority" }],
        });
    }
    let spec = json!({ "targetRefs": [target], "validation": validation });
    let mut made = object(random, "BackendTLSPolicy", &owner, &pools.name("policy"), &spec);
    if random.percent(SLIPS) {
        made["metadata"]["annotations"] = json!({ "istio.io/ignore-policy-attachment": "true" });
    }
    made
}
