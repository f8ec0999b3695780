//! What is asked for in a made cluster: a host that its objects name or one that none names, some ports, a namespace with
//! callers, a layout.
//!
//! Knows what `add` takes. Decides nothing.

use egress_core::intent::{GatewayTls, Intent, Layout};
use egress_core::metadata::Record;
use egress_core::names::ChosenNames;
use egress_core::snapshot::Snapshot;
use egress_core::target::Target;
use serde_json::Value;

use crate::oracle::{calls::NamedHosts, random::Random};

/// Ports as people type them; none for both usual ones.
const PORTS: &[&str] = &["", "", "", ":443", ":80", ":80/HTTP", ":8443/TLS", ":8080/HTTP", ":9000/TLS"];
/// Hosts that no object names.
const FRESH: &[&str] = &["fresh.example.com", "api.fresh.test", "fr.wikipedia.org"];

/// A request that fits the cluster; none where there is no gateway and no caller.
pub(super) fn make(objects: &[Value], snapshot: &Snapshot, random: &mut Random) -> Option<Record> {
    let gateways: Vec<_> =
        snapshot.gateways.iter().filter(|gateway| gateway.ready_pods().next().is_some()).collect();
    let gateway = random.of_all(&gateways)?;
    let mut namespaces: Vec<&str> = snapshot
        .pods
        .iter()
        .filter(|pod| pod.has_sidecar && !pod.finished && !pod.host_network)
        .map(|pod| pod.namespace.as_str())
        .collect();
    namespaces.sort_unstable();
    namespaces.dedup();
    let namespace = *random.of_all(&namespaces)?;
    let named: Vec<String> = NamedHosts::of(objects)
        .hosts
        .into_keys()
        .filter(|host| host.contains('.') && !host.ends_with(".cluster.local"))
        .collect();
    let host = if random.percent(65) && !named.is_empty() {
        random.text(&named)
    } else {
        random.word(FRESH).to_owned()
    };
    let target: Target = format!("{host}{}", random.word(PORTS)).parse().ok()?;
    let layout = *random.of_all(&Layout::ALL)?;
    let export_to = match random.below(6) {
        _ if layout == Layout::Documented => vec![".".to_owned()],
        0 => vec!["*".to_owned()],
        1 => vec![".".to_owned(), (*random.of_all(&namespaces)?).to_owned()],
        _ => vec![".".to_owned()],
    };
    let hop = match layout {
        Layout::Documented if random.percent(30) => GatewayTls::Plain,
        _ => GatewayTls::Mtls,
    };
    Some(Record {
        intent: Intent {
            host: target.host,
            ports: target.ports,
            namespace: namespace.to_owned(),
            gateway: gateway.name.clone(),
            layout,
            hop,
            export_to,
            reason: None,
        },
        names: ChosenNames::default(),
        added_at: None,
        added_by: None,
    })
}
