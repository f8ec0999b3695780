//! The facts as checks read them. Records each read, so that tests can compare it with the inputs that a check
//! declares.
//!
//! Knows where facts are. Makes no findings.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use egress_core::index::Index;
use egress_core::input::Input;
use egress_core::intent::GatewayName;
use egress_core::inventory::{Egress, state};
use egress_core::istio::gateway_api::MadeObjects;
use egress_core::istio::simulation::{Simulation, World};
use egress_core::proxy::ProxyView;
use egress_core::resource::{ObjectId, Resource};
use egress_core::role::Kind;
use egress_core::snapshot::{GatewayFacts, MeshFacts, NodeFacts, PodFacts};
use egress_core::unreadable::Unreadable;
use egress_core::visibility::destination_rule::full_host;
use egress_core::visibility::service_entry::{at_gateway, in_precedence};
use egress_core::visibility::sidecar::sidecar_for;
use egress_core::visibility::virtual_service::{gateway_virtual_services, is_exact, mesh_virtual_services};
use egress_policy::pinning::Pinning;
use enumset::EnumSet;
use jiff::civil::Date;

use crate::facts::assumed_pods::assumed_pods;
use crate::facts::{ClusterFacts, PodName, Request, client_of};
use crate::istio::authorization::Authorization;
use crate::istio::client_tls::DestinationRules;
use crate::istio::listeners::Listeners;
use crate::istio::routes::Route;
use crate::kubernetes::network_path::Network;
use crate::path::{EgressPath, NamespaceCalls, is_missing_service, meant_gateway};

mod callers;
mod egress_index;
mod egresses;
mod gateway_connection;
mod hop;
mod memo;
mod network;
mod path_routes;
mod related_resources;
mod rules;
mod upstream;
mod visible_rules;

use self::egress_index::Egresses;
pub(crate) use self::gateway_connection::GatewayConnection;
use self::memo::Memo;
pub(crate) use self::network::{KeptFrom, ends};
pub(crate) use self::path_routes::Direction;
use self::path_routes::PathRoutes;
pub(crate) use self::upstream::Upstream;
use self::visible_rules::SeenRules;

/// The facts of one diagnosis, for one thread.
pub struct View<'a> {
    shared: Arc<Shared<'a>>,
    routes: RefCell<PathRoutes<'a>>,
    reads: Cell<EnumSet<Input>>,
}

/// What all views of one diagnosis share: the facts, their indexes, and results that are computed once.
struct Shared<'a> {
    facts: &'a ClusterFacts,
    egresses: Egresses<'a>,
    calls: BTreeMap<String, NamespaceCalls>,
    today: Option<Date>,
    request: &'a Request,
    index: Index<'a>,
    made: &'a OnceLock<MadeObjects>,
    world: &'a OnceLock<World<'a>>,
    assumed: &'a OnceLock<Vec<PodFacts>>,
    simulation: OnceLock<Simulation<'a>>,
    rules: Memo<(String, GatewayName), SeenRules<'a>>,
    hop_rules: Memo<(String, GatewayName), DestinationRules<'a>>,
    listeners: Memo<GatewayName, Listeners<'a>>,
    authorizations: Memo<GatewayName, Authorization<'a>>,
    network: Memo<(), Network<'a>>,
    kept_from: Memo<(String, GatewayName, u16), KeptFrom<'a>>,
}

impl<'a> View<'a> {
    /// The facts, with the namespaces that call hosts of this diagnosis through a gateway. `made`, `world` and `assumed` are
    /// filled when a call is first followed.
    pub(crate) fn new(
        facts: &'a ClusterFacts,
        egresses: &'a [Egress<'a>],
        request: &'a Request,
        index: Index<'a>,
        calls: BTreeMap<String, NamespaceCalls>,
        today: Option<Date>,
        (made, world, assumed): (
            &'a OnceLock<MadeObjects>,
            &'a OnceLock<World<'a>>,
            &'a OnceLock<Vec<PodFacts>>,
        ),
    ) -> Self {
        View::of(Arc::new(Shared {
            facts,
            egresses: Egresses::new(egresses),
            calls,
            today,
            request,
            index,
            made,
            world,
            assumed,
            simulation: OnceLock::new(),
            rules: Memo::default(),
            hop_rules: Memo::default(),
            listeners: Memo::default(),
            authorizations: Memo::default(),
            network: Memo::default(),
            kept_from: Memo::default(),
        }))
    }

    fn of(shared: Arc<Shared<'a>>) -> Self {
        View { shared, routes: RefCell::default(), reads: Cell::default() }
    }

    /// Returns a function that makes views of the same facts, for other threads.
    pub(crate) fn maker(&self) -> impl Fn() -> View<'a> + Sync + use<'a> {
        let shared = Arc::clone(&self.shared);
        move || View::of(Arc::clone(&shared))
    }

    /// The namespaces that call hosts of this diagnosis through a gateway.
    pub(crate) fn caller_namespaces(&self) -> &BTreeMap<String, NamespaceCalls> {
        &self.shared.calls
    }

    /// The day of the diagnosis in UTC, if it is known.
    pub(crate) fn today(&self) -> Option<Date> {
        self.shared.today
    }

    /// Whether somebody asks about the calls of a namespace to a host.
    pub(crate) fn is_asked(&self, host: &str, namespace: &str) -> bool {
        let Request { hosts, namespace: of, .. } = self.shared.request;
        hosts.iter().any(|asked| asked.as_str() == host) && of.as_deref() == Some(namespace)
    }

    /// The kinds of facts that were read since the last call.
    pub(crate) fn take_reads(&self) -> EnumSet<Input> {
        self.reads.take()
    }

    /// The routes of a path; `find` finds them if they are not kept.
    pub(crate) fn routes(
        &self,
        direction: Direction,
        path: &EgressPath<'_>,
        gateway: &GatewayFacts,
        find: impl FnOnce() -> Vec<Route<'a>>,
    ) -> Vec<Route<'a>> {
        if let Some(routes) = self.routes.borrow().get(direction, path, gateway) {
            return routes;
        }
        let routes = find();
        self.routes.borrow_mut().insert(direction, path, gateway, routes.clone());
        routes
    }

    pub(crate) fn index(&self) -> &Index<'a> {
        &self.shared.index
    }

    /// What istiod and Envoy do with calls.
    pub(crate) fn simulation(&self) -> &Simulation<'a> {
        let ClusterFacts { snapshot, related_resources, .. } = self.shared.facts;
        self.shared.simulation.get_or_init(|| {
            let world = || World::with_pods(snapshot, related_resources, self.made(), self.assumed_pods());
            Simulation::new(self.shared.world.get_or_init(world))
        })
    }

    /// The pods that stand for those that are not among the facts.
    pub(crate) fn assumed_pods(&self) -> &'a [PodFacts] {
        self.shared.assumed.get_or_init(|| assumed_pods(self.shared.facts))
    }

    /// The pod that stands for the callers of a namespace without pods.
    pub(crate) fn assumed_caller(&self, namespace: &str) -> Option<&'a PodFacts> {
        self.assumed_pods().iter().find(|pod| pod.namespace == namespace && pod.has_sidecar)
    }

    /// What istiod makes of the Gateway API.
    pub(crate) fn made(&self) -> &'a MadeObjects {
        let ClusterFacts { snapshot, related_resources, .. } = self.shared.facts;
        self.shared.made.get_or_init(|| MadeObjects::new(snapshot, related_resources))
    }

    /// The mesh configuration.
    pub fn mesh(&self) -> &'a MeshFacts {
        self.note(Input::Mesh);
        &self.shared.facts.snapshot.mesh
    }

    /// The gateway that a destination in full means, which no Service has.
    pub(crate) fn meant_gateway(&self, destination: &str) -> Option<&'a GatewayFacts> {
        self.note(Input::Services);
        meant_gateway(&self.shared.facts.snapshot, destination)
    }

    /// Whether a destination in full names a Service that does not exist.
    pub(crate) fn is_missing_service(&self, destination: &str) -> bool {
        self.note(Input::Services);
        is_missing_service(&self.shared.facts.snapshot, destination)
    }

    /// The egress gateways.
    pub fn gateways(&self) -> &'a [GatewayFacts] {
        self.note(Input::Gateways);
        &self.shared.facts.snapshot.gateways
    }

    /// The gateway's Service as routes name it.
    pub fn service_host(&self, gateway: &GatewayFacts) -> String {
        gateway.name.service_host(&self.shared.facts.snapshot.mesh.cluster_domain)
    }

    /// The host of an object in full: a name without a dot means a Service of its namespace.
    pub fn full_host(&self, host: &str, namespace: &str) -> String {
        full_host(host, namespace, &self.shared.facts.snapshot.mesh)
    }

    /// Nodes; empty where they could not be read.
    pub fn nodes(&self) -> &'a [NodeFacts] {
        self.note(Input::Nodes);
        &self.shared.facts.snapshot.nodes
    }

    /// The policies' requirements for the nodes of one egress. The error says why the policies could not be asked.
    pub fn pinning(&self, namespace: &str, host: &str) -> Result<Option<&'a Pinning>, &'a str> {
        self.note(Input::Policies);
        let demands = self.shared.facts.demands.as_ref().map_err(String::as_str)?;
        Ok(demands.get(&(namespace.to_owned(), host.to_owned())))
    }

    /// The pods of callers' namespaces that have a sidecar.
    pub fn pods(&self, namespace: &str) -> Vec<&'a PodFacts> {
        self.note(Input::Pods);
        let pods = self.shared.facts.snapshot.pods.iter();
        pods.filter(|pod| pod.namespace == namespace && pod.has_sidecar).collect()
    }

    /// Every namespace that exists or has a pod.
    pub fn namespaces(&self) -> BTreeSet<&'a str> {
        self.note(Input::Pods);
        let pods = self.shared.facts.snapshot.pods.iter().map(|pod| pod.namespace.as_str());
        pods.chain(self.shared.facts.snapshot.namespaces.iter().map(|namespace| namespace.name.as_str()))
            .collect()
    }

    /// The ServiceEntries of exactly this host that a namespace sees, in order of precedence.
    pub fn entries_seen_from(&self, viewer: &str, host: &str) -> Vec<&'a Resource> {
        in_precedence(self.entries(host), viewer)
    }

    /// The ServiceEntries of exactly this host that a gateway in a namespace sees, in order of precedence.
    pub fn entries_at_gateway(&self, namespace: &str, host: &str) -> Vec<&'a Resource> {
        at_gateway(self.entries(host), namespace)
    }

    /// Every ServiceEntry.
    pub fn service_entries(&self) -> impl Iterator<Item = &'a Resource> {
        self.note(Input::ServiceEntries);
        self.shared.index.of_kind(Kind::ServiceEntry).iter().copied()
    }

    /// The ServiceEntries of exactly this host, in all namespaces.
    pub fn entries(&self, host: &str) -> Vec<&'a Resource> {
        self.note(Input::ServiceEntries);
        self.shared.index.service_entries_of(host)
    }

    /// The VirtualServices of exactly this host with rules for sidecars that a namespace sees, in order of precedence.
    pub fn mesh_routes_seen_from(&self, viewer: &str, host: &str) -> Vec<&'a Resource> {
        let mut seen = mesh_virtual_services(self.virtual_services(host), host, viewer);
        seen.retain(|resource| is_exact(resource, host));
        seen
    }

    /// The VirtualServices of a host or of a wildcard over it, in all namespaces.
    pub fn virtual_services(&self, host: &str) -> Vec<&'a Resource> {
        self.note(Input::VirtualServices);
        self.shared.index.virtual_services(host)
    }

    /// The VirtualServices of a host that are bound to a Gateway object and that its pods in a namespace see.
    pub fn gateway_routes(&self, gateway: &ObjectId, host: &str, viewer: &str) -> Vec<&'a Resource> {
        let name = format!("{}/{}", gateway.namespace, gateway.name);
        gateway_virtual_services(self.virtual_services(host), &name, host, viewer)
    }

    /// Every DestinationRule.
    pub fn destination_rules(&self) -> impl Iterator<Item = &'a Resource> {
        self.note(Input::DestinationRules);
        self.shared.index.of_kind(Kind::DestinationRule).iter().copied()
    }

    /// Every Gateway object.
    pub fn gateway_objects(&self) -> impl Iterator<Item = &'a Resource> {
        self.note(Input::GatewayObjects);
        self.shared.index.of_kind(Kind::Gateway).iter().copied()
    }

    /// The Gateway objects with a server for a host.
    pub fn gateway_objects_for(&self, host: &str) -> Vec<&'a Resource> {
        self.note(Input::GatewayObjects);
        self.shared.index.gateways(host)
    }

    /// Every Sidecar.
    pub fn sidecars(&self) -> impl Iterator<Item = &'a Resource> {
        self.note(Input::Sidecars);
        self.shared.index.of_kind(Kind::Sidecar).iter().copied()
    }

    /// The Sidecar that applies to pods with these labels.
    pub fn sidecar_for(&self, namespace: &str, labels: &BTreeMap<String, String>) -> Option<&'a Resource> {
        sidecar_for(self.sidecars(), &self.shared.facts.snapshot.mesh.root_namespace, namespace, labels)
    }

    /// The object with this identity.
    pub fn find(&self, id: &ObjectId) -> Option<&'a Resource> {
        self.note(Input::from(id.kind));
        self.shared.index.find(id)
    }

    /// An object of an egress: as its record requires it, and as it is.
    pub fn asked_for(&self, egress: &Egress<'_>, id: &ObjectId) -> Option<(Resource, &'a Resource)> {
        let parts = state::wanted(egress, &self.shared.facts.snapshot)?;
        let wanted = parts.into_iter().map(|part| part.resource).find(|resource| resource.id == *id)?;
        Some((wanted, self.shared.index.find(id)?))
    }

    /// Whether the objects of an egress at the gateway match its record.
    pub fn is_genuine_at_gateway(&self, egress: &Egress<'_>) -> bool {
        self.note(Input::ServiceEntries);
        state::is_genuine_at_gateway(egress, &self.shared.facts.snapshot)
    }

    /// The objects of an egress that an earlier version wrote.
    pub fn earlier(&self, egress: &Egress<'_>) -> Vec<ObjectId> {
        state::earlier(egress, &self.shared.index)
    }

    /// The pod that represents all callers of a namespace, and its Envoy's configuration.
    pub fn client_proxy(&self, namespace: &str) -> Option<(PodName, Result<&'a ProxyView, String>)> {
        self.note(Input::ClientProxies);
        let pod = client_of(&self.shared.facts.snapshot, namespace, self.shared.request.client.as_ref())?;
        Some((PodName::of(pod), self.proxy(pod)))
    }

    /// The ready pods of a gateway, and their Envoys' configuration.
    pub fn gateway_proxies(&self, gateway: &GatewayFacts) -> Vec<(PodName, Result<&'a ProxyView, String>)> {
        self.note(Input::GatewayProxies);
        gateway.ready_pods().map(|pod| (PodName::of(pod), self.proxy(pod))).collect()
    }

    /// Whether every Istio object of a namespace was read, or of all namespaces. The error says why not.
    pub fn sees(&self, namespace: Option<&str>) -> Result<(), String> {
        if self.shared.facts.snapshot.has_istio_of(namespace) {
            return Ok(());
        }
        let place = namespace.map_or_else(|| "all namespaces".to_owned(), |name| format!("namespace {name}"));
        let missing = self.shared.facts.snapshot.unreadable.iter();
        let mut missing = missing.filter(|missing| missing.is_of_istio() && missing.concerns(namespace));
        let why = missing.next().map(|missing| &missing.why);
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        Err(format!("Istio objects of {place} could not be read{why}"))
    }

    /// Why facts of a kind could not be read, if they could not.
    pub fn unreadable(&self, input: Input) -> Option<String> {
        let found = self.shared.facts.snapshot.unreadable.iter().find(|missing| missing.input == Some(input));
        found.map(|Unreadable { what, why, .. }| format!("{what} could not be read: {why}"))
    }

    fn proxy(&self, pod: &PodFacts) -> Result<&'a ProxyView, String> {
        let name = PodName::of(pod);
        match self.shared.facts.proxies.get(&name) {
            Some(Ok(view)) => Ok(view),
            Some(Err(why)) => Err(format!("the Envoy of {name} could not be read: {why}")),
            None => Err(format!("the Envoy of {name} was not read")),
        }
    }

    /// Records that a check read facts of this kind.
    pub(crate) fn note(&self, input: Input) {
        self.reads.set(self.reads.get() | input);
    }
}
