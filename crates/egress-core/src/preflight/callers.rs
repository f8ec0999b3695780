//! One calling pod for each namespace.
//!
//! Knows which pods call through a sidecar. Where the pods of a namespace were not read, one without labels stands for them.

use std::collections::{BTreeMap, BTreeSet};

use crate::label_selector::has_labels;
use crate::resource::Resource;
use crate::snapshot::{PodFacts, Snapshot};

/// The name of pods that stand for those of a namespace.
const ASSUMED: &str = "caller";

/// The callers of a cluster.
pub(super) struct CallingPods<'a> {
    /// Of each namespace with calling pods the name of one.
    known: BTreeMap<&'a str, &'a str>,
    /// Of each such namespace the name of one for each service account.
    by_account: BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>,
    /// Pods that stand for those of the other namespaces.
    pub(super) assumed: Vec<PodFacts>,
}

impl<'a> CallingPods<'a> {
    /// Those of a snapshot.
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let selectors: Vec<&Resource> = snapshot
            .of_kind(crate::kind::Kind::Sidecar)
            .filter(|sidecar| sidecar.sidecar().is_some_and(|spec| spec.workload_selector.is_some()))
            .collect();
        let is_special = |pod: &PodFacts| {
            selectors.iter().any(|sidecar| {
                let selector = sidecar.sidecar().and_then(|spec| spec.workload_selector.as_ref());
                let labels = selector.and_then(|selector| selector.labels.as_ref());
                sidecar.id.namespace == pod.namespace && has_labels(&pod.labels, labels.into_iter().flatten())
            })
        };
        let calls = |pod: &&PodFacts| pod.has_sidecar && !pod.finished && !pod.host_network;
        let mut callers: Vec<&PodFacts> = snapshot.pods.iter().filter(calls).collect();
        // The usual pods of a namespace before those with a Sidecar of their own.
        callers.sort_by_key(|pod| (is_special(pod), !pod.ready, &pod.name));
        let mut known = BTreeMap::new();
        let mut by_account: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
        for pod in callers {
            known.entry(pod.namespace.as_str()).or_insert(pod.name.as_str());
            let accounts = by_account.entry(pod.namespace.as_str()).or_default();
            accounts.entry(pod.service_account.as_str()).or_insert(pod.name.as_str());
        }
        let read: BTreeSet<&str> = snapshot.pods.iter().map(|pod| pod.namespace.as_str()).collect();
        let assumed = snapshot
            .namespaces
            .iter()
            .filter(|namespace| {
                let name = namespace.name.as_str();
                !read.contains(name) && name != snapshot.mesh.root_namespace && !name.starts_with("kube-")
            })
            .map(|namespace| PodFacts {
                namespace: namespace.name.clone(),
                name: ASSUMED.to_owned(),
                ready: true,
                has_sidecar: true,
                ..PodFacts::default()
            });
        CallingPods { assumed: assumed.collect(), known, by_account }
    }

    /// `namespace/name` of a calling pod that was read.
    pub(super) fn known(&self, namespace: &str) -> Option<String> {
        self.known.get(namespace).map(|name| format!("{namespace}/{name}"))
    }

    /// `namespace/name` of a calling pod for each service account of a namespace.
    pub(super) fn of_each_account(&self, namespace: &str) -> impl Iterator<Item = String> {
        let accounts = self.by_account.get(namespace).into_iter().flatten();
        accounts.map(move |(_, name)| format!("{namespace}/{name}"))
    }

    /// The same; where no pods of the namespace were read, of one that stands for them.
    pub(super) fn any(&self, namespace: &str) -> Option<String> {
        let assumed = || self.assumed.iter().any(|pod| pod.namespace == namespace);
        self.known(namespace).or_else(|| assumed().then(|| format!("{namespace}/{ASSUMED}")))
    }

    /// Every namespace that may have callers, those whose pods were read first.
    pub(super) fn namespaces(&self) -> impl Iterator<Item = &str> {
        let assumed = self.assumed.iter().map(|pod| pod.namespace.as_str());
        self.known.keys().copied().chain(assumed)
    }
}
