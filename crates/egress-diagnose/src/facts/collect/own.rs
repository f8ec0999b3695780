//! Documents that are no objects of Kubernetes: what a bundle keeps beside them. Of the group of this tool.
//!
//! `Read` lists kinds of facts that were read whole, so that what is missing does not exist; `Unreadable` is what could
//! not be read; `Envoy` is a look into a pod; `Pinning` is what a policy demands of the nodes of one egress; `Audited` is
//! an egress that policies were asked about, and `Refused` what one says against it; `Sync` is what istiod says of one
//! proxy; `Rights` is what a user may write; `OtherCluster` is what another cluster of the fleet lets out.

use std::collections::{BTreeMap, BTreeSet};

use egress_core::input::{Gap, Input};
use egress_core::proxy::ProxyView;
use egress_core::related_resources::SyncFacts;
use egress_core::tree::Tree;
use egress_core::unreadable::Unreadable;
use egress_policy::pinning::{Demand, Pinning};
use egress_policy::policy_set::Layer;
use egress_policy::report::PolicyRef;
use enumset::EnumSet;
use serde::Deserialize;

use super::{CollectError, Collector, typed, word};
use crate::facts::{OtherCluster, OtherEgress, PodName, names};

/// The group of these documents.
pub(super) const GROUP: &str = "kubectl-egress.github.io";

/// The facts that Kubernetes objects contain; without an object of a kind, its facts are not given.
pub(super) fn from_objects() -> impl Iterator<Item = Input> {
    EnumSet::all().into_iter().filter(|input: &Input| input.is_given_by_objects())
}

#[derive(Deserialize)]
struct Read {
    inputs: Vec<Input>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Missing {
    input: Option<Input>,
    namespace: Option<String>,
    #[serde(default)]
    read_in: BTreeSet<String>,
    what: String,
    why: String,
}

#[derive(Deserialize)]
struct Envoy {
    unreadable: Option<String>,
    #[serde(flatten)]
    view: ProxyView,
}

#[derive(Deserialize)]
struct Compared {
    egresses: BTreeMap<String, OtherEgress>,
    unreadable: Option<String>,
}

#[derive(Deserialize)]
struct Placed {
    placement: egress_policy::answer::Placement,
}

impl Collector {
    pub(super) fn own(&mut self, kind: &str, object: &Tree<'_>) -> Result<(), CollectError> {
        // The name of such a document is a pod, a namespace or a host.
        let (namespace, name) =
            (word(object, &["metadata", "namespace"]), word(object, &["metadata", "name"]));
        let of_pod = matches!(kind, "Envoy" | "Sync");
        names::full(&namespace, if of_pod { &name } else { "" })
            .and_then(|()| names::full(if kind == "Rights" { &name } else { "" }, ""))
            .map_err(|error| CollectError::Name { kind: kind.to_owned(), error })?;
        match kind {
            "Read" => self.given.extend(typed::<Read>(object)?.inputs),
            "Unreadable" => {
                let Missing { input, namespace, read_in, what, why } = typed(object)?;
                if let Some(input) = input {
                    self.facts.gaps.insert(input, Gap::Unreadable(why.clone()));
                }
                self.facts.snapshot.unreadable.push(Unreadable { what, input, namespace, read_in, why });
            }
            "Envoy" => {
                let name = PodName {
                    namespace: word(object, &["metadata", "namespace"]),
                    name: word(object, &["metadata", "name"]),
                };
                let Envoy { unreadable, view } = typed(object)?;
                self.facts.proxies.insert(name, unreadable.map_or(Ok(view), Err));
            }
            "Pinning" => self.pinning(object)?,
            "Refused" => {
                let egress = (word(object, &["metadata", "namespace"]), word(object, &["metadata", "name"]));
                self.facts.refusals.entry(egress).or_default().push(typed(object)?);
            }
            "Audited" => {
                let egress = (word(object, &["metadata", "namespace"]), word(object, &["metadata", "name"]));
                self.facts.refusals.entry(egress).or_default();
            }
            "Export" => self.facts.related_resources.export = typed(object)?,
            "Rights" => {
                self.given.insert(Input::Rights);
                self.facts.rights.insert(word(object, &["metadata", "name"]), typed(object)?);
            }
            "OtherCluster" => {
                let Compared { egresses, unreadable } = typed(object)?;
                let name = word(object, &["metadata", "name"]);
                self.facts.fleet.push(OtherCluster { name, egresses, unreadable });
            }
            "Sync" => {
                let (namespace, pod) =
                    (word(object, &["metadata", "namespace"]), word(object, &["metadata", "name"]));
                let sync = SyncFacts { namespace, pod, ..typed(object)? };
                self.facts.related_resources.sync.get_or_insert_default().push(sync);
            }
            _ => {}
        }
        Ok(())
    }

    fn pinning(&mut self, object: &Tree<'_>) -> Result<(), CollectError> {
        let egress = (word(object, &["metadata", "namespace"]), word(object, &["metadata", "name"]));
        let by = PolicyRef {
            policy: word(object, &["metadata", "policy"]),
            version: "1.0.0".to_owned(),
            layer: Layer::Cluster,
            digest: None,
        };
        let Placed { placement } = typed(object)?;
        let pinning = Pinning { demands: vec![Demand { by, placement }], reports: Vec::new() };
        if let Ok(demands) = &mut self.facts.demands {
            demands.insert(egress, pinning);
        }
        Ok(())
    }
}
