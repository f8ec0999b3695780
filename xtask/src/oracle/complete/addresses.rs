//! Addresses of pods and Services, as a network plugin and the API server give them out.
//!
//! Knows nothing of who calls whom.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::{fields, is_finished};
use crate::oracle::cluster::{is, word};

/// The first address of pods.
const PODS: Ipv4Addr = Ipv4Addr::new(10, 244, 0, 10);
/// The first address of Services.
const SERVICES: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 10);

/// Gives each pod and each Service an address of its own where it has none, and says of pods that they run.
pub(super) fn give_addresses(objects: &mut [Value]) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let (mut pod, mut service) = (PODS, SERVICES);
    for object in &mut *objects {
        // Of two with one address the first keeps it.
        let (field, address) = match () {
            () if is(object, "Pod") => ("/status/podIP", word(object, "/status/podIP")),
            () if is(object, "Service") => ("/spec/clusterIP", word(object, "/spec/clusterIP")),
            () => continue,
        };
        if address.is_empty() || address == "None" || taken.insert(address.to_owned()) {
            continue;
        }
        if let Some(address) = object.pointer_mut(field) {
            *address = "".into();
        }
    }
    for object in objects {
        if is(object, "Pod") && !is_finished(object) {
            let address = free(&mut pod, &mut taken, word(object, "/status/podIP").is_empty());
            running(object, address);
        }
        if is(object, "Service") {
            let is_external = !word(object, "/spec/externalName").is_empty();
            let lacks = word(object, "/spec/clusterIP").is_empty() && !is_external;
            let address = free(&mut service, &mut taken, lacks);
            if let Some(spec) = fields(object, "spec") {
                if is_external {
                    spec.entry("type").or_insert_with(|| "ExternalName".into());
                }
                if let Some(address) = address {
                    spec.insert("clusterIP".to_owned(), address.into());
                }
            }
        }
    }
}

/// The next address that nobody has, where one is needed.
fn free(next: &mut Ipv4Addr, taken: &mut BTreeSet<String>, is_needed: bool) -> Option<String> {
    if !is_needed {
        return None;
    }
    loop {
        let address = next.to_string();
        *next = Ipv4Addr::from_bits(next.to_bits() + 1);
        if taken.insert(address.clone()) {
            return Some(address);
        }
    }
}

fn running(pod: &mut Value, address: Option<String>) {
    let Some(status) = fields(pod, "status") else { return };
    status.entry("phase").or_insert_with(|| "Running".into());
    if let Some(address) = address {
        status.insert("podIPs".to_owned(), json!([{ "ip": address }]));
        status.insert("podIP".to_owned(), address.into());
    }
    let conditions = status.entry("conditions").or_insert_with(|| json!([]));
    if let Some(conditions) = conditions.as_array_mut()
        && conditions.iter().all(|condition| word(condition, "/type") != "Ready")
    {
        conditions.push(json!({ "type": "Ready", "status": "True" }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pods_never_keep_one_address() {
        let pod = |name: &str, address: &str| json!({ "kind": "Pod", "metadata": { "name": name }, "status": { "podIP": address } });
        let mut objects = [pod("a", "10.244.0.10"), pod("b", "10.244.0.10"), pod("c", "")];

        give_addresses(&mut objects);

        let addresses = objects.each_ref().map(|object| word(object, "/status/podIP"));
        assert_eq!(addresses, ["10.244.0.10", "10.244.0.11", "10.244.0.12"]);
    }

    #[test]
    fn a_service_that_has_no_address_on_purpose_gets_none() {
        let service = |spec: Value| json!({ "kind": "Service", "metadata": { "name": "x" }, "spec": spec });
        let mut objects = [
            service(json!({ "clusterIP": "None" })),
            service(json!({ "externalName": "example.com" })),
            service(json!({})),
        ];

        give_addresses(&mut objects);

        let addresses = objects.each_ref().map(|object| word(object, "/spec/clusterIP"));
        assert_eq!(addresses, ["None", "", "10.96.0.10"]);
        assert_eq!(word(&objects[1], "/spec/type"), "ExternalName");
    }
}
