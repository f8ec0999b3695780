//! What istiod says of the proxies that are connected to it: which of its configurations they took.
//!
//! Knows the form of `/debug/syncz`. Knows nothing of how it is read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// One proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SyncFacts {
    /// The namespace of its pod.
    pub namespace: String,
    /// The name of its pod.
    pub pod: String,
    /// What was sent and not yet confirmed, by kind: `Listener`, `RouteConfiguration`, `Cluster`.
    pub stale: BTreeSet<String>,
    /// What the proxy refused, by kind, and what it said.
    pub rejected: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Proxy {
    /// `POD.NAMESPACE`.
    #[serde(default)]
    proxy: String,
    #[serde(default)]
    resources: BTreeMap<String, SyncStatus>,
}

/// What istiod sent to a proxy, and what the proxy accepted.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct SyncStatus {
    sent: String,
    acked: String,
    last_error: String,
}

/// Reads `/debug/syncz` of an istiod. Older ones do not list resources: then nothing is stale and nothing was refused.
///
/// # Errors
/// When the text is not istiod's JSON.
pub fn sync(text: &[u8]) -> Result<Vec<SyncFacts>, serde_json::Error> {
    // An istiod to which nothing is connected says `null`.
    let proxies: Option<Vec<Proxy>> = serde_json::from_slice(text)?;
    Ok(proxies.into_iter().flatten().filter_map(Proxy::facts).collect())
}

impl Proxy {
    fn facts(self) -> Option<SyncFacts> {
        // Names of pods may hold dots, names of namespaces may not.
        let (pod, namespace) = self.proxy.rsplit_once('.')?;
        let mut facts =
            SyncFacts { namespace: namespace.to_owned(), pod: pod.to_owned(), ..SyncFacts::default() };
        for (kind, status) in self.resources {
            let kind = kind.rsplit('.').next().unwrap_or_default().to_owned();
            if !status.last_error.is_empty() {
                facts.rejected.insert(kind, status.last_error.trim().to_owned());
            } else if status.sent != status.acked {
                facts.stale.insert(kind);
            }
        }
        Some(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_proxy_refused_is_told_apart_from_what_is_on_its_way() {
        let text = br#"[{"proxy": "egress.1.istio-system", "resources": {
            "type.googleapis.com/envoy.config.cluster.v3.Cluster": {"sent": "2", "acked": "1"},
            "type.googleapis.com/envoy.config.listener.v3.Listener": {"sent": "2", "acked": "1", "lastError": "no\n"},
            "type.googleapis.com/envoy.config.route.v3.RouteConfiguration": {"sent": "2", "acked": "2"}}}]"#;
        let expected = SyncFacts {
            namespace: "istio-system".to_owned(),
            pod: "egress.1".to_owned(),
            stale: ["Cluster".to_owned()].into(),
            rejected: [("Listener".to_owned(), "no".to_owned())].into(),
        };
        assert_eq!(sync(text).unwrap(), [expected]);
        assert_eq!(sync(b"null").unwrap(), []);
        sync(b"<html>").unwrap_err();
    }
}
