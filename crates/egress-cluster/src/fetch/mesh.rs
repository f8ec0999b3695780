//! Reads the mesh configuration from istiod's ConfigMaps, and the root namespace in it.
//!
//! Knows where to find them. `egress-core` merges them.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::kubernetes::{Pod, Workload};
use egress_core::objects::{ISTIOD_LABEL, MESH_KEY, accepts, mesh, named_root};
use egress_core::root_namespace::{self, Evidence, Said};
use egress_core::snapshot::MeshFacts;
use egress_core::unreadable::Unreadable;
use egress_core::yaml::YamlError;
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::ListParams;

use super::control_planes::{ControlPlanes, Told};
use super::istiod::Istiods;
use crate::cluster::Cluster;
use crate::error::{ClusterError, one_line};
use crate::list::Collection;

/// The name of istiod's ConfigMap; with a revision, `istio-REVISION`: `getMeshConfigMapName` in
/// `pilot/pkg/bootstrap/mesh.go`.
const NAME: &str = "istio";

/// The content of the ConfigMap, or why it could not be read. It does not contain the API version.
pub(super) struct MeshReading {
    pub(super) facts: MeshFacts,
    /// The other meshes of the cluster.
    pub(super) others: Vec<MeshFacts>,
    pub(super) unreadable: Vec<Unreadable>,
}

/// The ConfigMaps with a mesh configuration in one namespace, and possible ones that may not be read.
#[derive(Default)]
struct Found {
    maps: Vec<ConfigMap>,
    /// istiod's additional ConfigMap, for fields that its own does not set.
    shared: Vec<ConfigMap>,
    hidden: Vec<Unreadable>,
    /// Whether the namespace has an istiod Deployment.
    runs: bool,
}

/// The control planes of a cluster, before pods are considered.
pub(super) struct Planes {
    told: Told,
    at_usual: Found,
    usual: String,
}

impl Cluster {
    /// Where control planes run, and the configuration in Istio's default namespace.
    pub(super) async fn planes(&self) -> Result<Planes, ClusterError> {
        let usual = MeshFacts::default().root_namespace;
        let (told, at_usual) = tokio::try_join!(self.control_planes(), self.configurations(&usual, &[]))?;
        Ok(Planes { told, at_usual, usual })
    }

    /// Reads the configuration of every control plane of the cluster, and finds the root namespace. `named`: the one
    /// that the user typed; `pods`: the pods that were read.
    pub(super) async fn mesh(
        &self,
        planes: Planes,
        named: Option<&str>,
        pods: impl Iterator<Item = &Pod>,
    ) -> Result<MeshReading, ClusterError> {
        let Planes { told, mut at_usual, usual } = planes;
        let planes = match told {
            Told::All(planes) => planes,
            Told::Hidden(unreadable) => {
                // A configuration in Istio's default namespace may be a leftover, unless a proxy connects to a control
                // plane there.
                let planes = ControlPlanes::of_proxies(pods);
                if planes.namespaces().is_empty() && !at_usual.runs {
                    at_usual.hidden.push(unreadable);
                }
                planes
            }
        };
        let namespaces = planes.namespaces();
        let elsewhere = namespaces.iter().filter(|namespace| **namespace != usual);
        let others =
            try_join_all(elsewhere.map(|namespace| self.configurations(namespace, &planes.revisions)))
                .await?;
        let at_usual = if namespaces.is_empty() || namespaces.contains(&usual) || at_usual.runs {
            at_usual
        } else {
            // Leftovers of an earlier installation do not describe the mesh.
            Found::default()
        };
        let mut all = at_usual;
        for other in others {
            all.maps.extend(other.maps);
            all.shared.extend(other.shared);
            all.hidden.extend(other.hidden);
        }
        // If a control plane runs here, too, read its own configuration.
        let external = planes.external.filter(|_| namespaces.is_empty());
        Ok(all.read(named, external, &usual))
    }

    /// The mesh configurations of one namespace: those of these revisions, and all others if they may be listed.
    async fn configurations(&self, namespace: &str, revisions: &[String]) -> Result<Found, ClusterError> {
        let maps: &Api<ConfigMap> = &Api::namespaced(self.client.clone(), namespace);
        let of_revisions = revisions.iter().map(|revision| match revision.as_str() {
            "default" | "" => NAME.to_owned(),
            revision => format!("{NAME}-{revision}"),
        });
        let mut names: BTreeSet<String> = of_revisions.chain([NAME.to_owned()]).collect();
        let params = ListParams::default();
        let (istiods, listed) = tokio::join!(self.istiods(namespace), self.ask(maps.list_metadata(&params)));
        let istiods = istiods?;
        match listed {
            Err(error) if error.is_forbidden() => {}
            listed => {
                let listed = listed?.items.into_iter().filter_map(|map| map.metadata.name);
                names = listed.filter(|name| may_hold_a_mesh(name)).chain([NAME.to_owned()]).collect();
            }
        }
        names.extend(istiods.own);
        let mut found = Found { runs: istiods.any, hidden: istiods.hidden, ..Found::default() };
        let read = try_join_all(names.iter().map(|name| async move {
            match self.ask(maps.get_opt(name)).await {
                Err(ClusterError::Forbidden(why)) => Ok(Err(unreadable(name, namespace, why))),
                read => read.map(Ok),
            }
        }))
        .await?;
        for read in read {
            match read {
                Ok(map) => found.maps.extend(map.filter(holds_a_mesh).map(|mut map| {
                    map.metadata.namespace = Some(namespace.to_owned());
                    map
                })),
                Err(hidden) => found.hidden.push(hidden),
            }
        }
        for name in istiods.shared {
            // istiod's own ConfigMap does not have the fields of one that may not be read.
            match self.ask(maps.get_opt(&name)).await {
                Err(ClusterError::Forbidden(why)) => found.hidden.push(unreadable(&name, namespace, why)),
                read => found.shared.extend(read?.map(|mut map| {
                    map.metadata.namespace = Some(namespace.to_owned());
                    map
                })),
            }
        }
        Ok(found)
    }

    /// The configuration sources of a namespace's control planes.
    async fn istiods(&self, namespace: &str) -> Result<Istiods, ClusterError> {
        let deployments = Collection::of_group(Input::Workloads, "apps", "v1", "deployments");
        match self.list::<Workload>(&deployments, Some(namespace), Some(ISTIOD_LABEL)).await {
            Err(error) if error.is_forbidden() => Ok(Istiods::default()),
            listed => Ok(Istiods::of(namespace, listed?)),
        }
    }
}

impl Found {
    fn read(self, named: Option<&str>, external: Option<String>, usual: &str) -> MeshReading {
        let all = self;
        let mut evidence =
            Evidence { named: named.map(str::to_owned), hidden: all.hidden, external, said: Vec::new() };
        for map in &all.maps {
            let by = what(map);
            match map.data.as_ref().and_then(|data| data.get(MESH_KEY)).map(|text| named_root(text)) {
                Some(Ok(Some(root))) => evidence.said.push(Said { by, root }),
                Some(Ok(None)) => {
                    let here = |shared: &&ConfigMap| shared.metadata.namespace == map.metadata.namespace;
                    let said = all.shared.iter().filter(here).find_map(|shared| {
                        let text = shared.data.as_ref()?.get(MESH_KEY)?;
                        Some(Said { by: what(shared), root: named_root(text).ok()?? })
                    });
                    evidence.said.push(said.unwrap_or_else(|| Said { by, root: usual.to_owned() }));
                }
                Some(Err(error)) => {
                    evidence.hidden.push(Unreadable::new(Input::Mesh, by, one_line(&error.to_string())));
                }
                None => {}
            }
        }
        let (root, root_unknown) = match root_namespace::decide(&evidence) {
            Ok(root) => (root, None),
            Err(why) => (named.unwrap_or(usual).to_owned(), Some(one_line(&why))),
        };
        let apart = apart(&all.maps, &all.shared);
        let chosen = chosen(&all.maps);
        let read = match chosen.and_then(|map| of_map(map, &all.shared)) {
            None if !apart.is_empty() => {
                let mut apart = apart.into_iter();
                let facts = MeshFacts { root_unknown, ..apart.next().unwrap_or_default() };
                return MeshReading { facts, others: apart.collect(), unreadable: Vec::new() };
            }
            None => {
                let hidden = evidence.hidden.into_iter().next();
                let why = hidden.map_or_else(
                    || format!("not found, or without the key \"{MESH_KEY}\""),
                    |hidden| hidden.why,
                );
                unread(usual, why)
            }
            Some(Ok(facts)) => MeshReading {
                others: apart.into_iter().filter(|other| other.config_map != facts.config_map).collect(),
                facts,
                unreadable: Vec::new(),
            },
            Some(Err(error)) => unread(usual, one_line(&error.to_string())),
        };
        MeshReading { facts: MeshFacts { root_namespace: root, root_unknown, ..read.facts }, ..read }
    }
}

/// The configuration for the other facts: the one without a revision, or the only one. Several revisions may differ,
/// and these facts do not say which one a sidecar uses.
fn chosen(maps: &[ConfigMap]) -> Option<&ConfigMap> {
    let mut plain = maps.iter().filter(|map| map.metadata.name.as_deref() == Some(NAME));
    match (plain.next(), plain.next(), maps) {
        (Some(one), None, _) | (None, None, [one]) => Some(one),
        _ => None,
    }
}

/// What one ConfigMap says, with the fields of the other one of its control plane.
fn of_map(map: &ConfigMap, shared: &[ConfigMap]) -> Option<Result<MeshFacts, YamlError>> {
    let text = |map: &'_ ConfigMap| map.data.as_ref()?.get(MESH_KEY).cloned();
    let here = |other: &&ConfigMap| other.metadata.namespace == map.metadata.namespace;
    let other = shared.iter().filter(here).find_map(text);
    let facts = mesh(&text(map)?, other.as_deref());
    let config_map = map.metadata.namespace.clone().zip(map.metadata.name.clone());
    Some(facts.map(|facts| MeshFacts { accepts: accepts(&map.metadata), config_map, ..facts }))
}

/// The meshes of a cluster where each has a root namespace and namespaces of its own; none where that is not so.
fn apart(maps: &[ConfigMap], shared: &[ConfigMap]) -> Vec<MeshFacts> {
    let all: Option<Vec<MeshFacts>> = maps.iter().map(|map| of_map(map, shared)?.ok()).collect();
    let all = all.unwrap_or_default();
    let roots: BTreeSet<&str> = all.iter().map(|mesh| mesh.root_namespace.as_str()).collect();
    let selects = all.iter().all(|mesh| !mesh.discovery_selectors.is_empty());
    if all.len() > 1 && roots.len() == all.len() && selects { all } else { Vec::new() }
}

/// Identified by name. The injector's ConfigMap is large, and no revision has this name.
fn may_hold_a_mesh(name: &str) -> bool {
    name.strip_prefix("istio-")
        .is_some_and(|rest| rest != "ca-root-cert" && !rest.starts_with("sidecar-injector"))
}

fn holds_a_mesh(map: &ConfigMap) -> bool {
    map.data.as_ref().is_some_and(|data| data.contains_key(MESH_KEY))
}

fn what(map: &ConfigMap) -> String {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    format!("configmap/{} in namespace {}", part(&map.metadata.name), part(&map.metadata.namespace))
}

fn unread(namespace: &str, why: String) -> MeshReading {
    MeshReading {
        facts: MeshFacts::default(),
        others: Vec::new(),
        unreadable: vec![unreadable(NAME, namespace, why)],
    }
}

fn unreadable(map: &str, namespace: &str, why: String) -> Unreadable {
    Unreadable::new(Input::Mesh, format!("configmap/{map}"), why).in_namespace(namespace)
}
