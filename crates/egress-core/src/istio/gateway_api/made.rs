//! The objects that istiod makes of the Gateway API, and how one is put to the others.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::kind::Kind;
use crate::related_resources::GatewayApiObject;
use crate::resource::{Live, ObjectId, Resource, Spec, StringMap};

/// The annotation by which istiod knows VirtualServices that it made of routes of the Gateway API. It obeys it in anybody's.
/// `UseGatewaySemantics` in `pilot/pkg/model/virtualservice.go`.
const SEMANTICS: &str = "internal.istio.io/route-semantics";

/// The annotation with the routes that a VirtualService was made of.
const PARENTS: &str = "internal.istio.io/parents";

/// Objects that istiod makes of the Gateway API.
#[derive(Debug, Default)]
pub struct MadeObjects {
    objects: Vec<Resource>,
    origins: HashMap<ObjectId, Vec<ApiOrigin>>,
    /// Those of which not everything is known.
    open: HashSet<ObjectId>,
    /// Hosts in full of which it is not known how connections to them are opened, each with the object that says it.
    pub(super) open_hosts: BTreeMap<String, ApiOrigin>,
}

/// An object of the Gateway API that another one was made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiOrigin {
    /// Its kind: `Gateway`, `HTTPRoute`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl MadeObjects {
    /// All of them.
    pub fn objects(&self) -> &[Resource] {
        &self.objects
    }

    /// The objects that one of them was made of, in istiod's order.
    pub fn origins(&self, made: &ObjectId) -> &[ApiOrigin] {
        self.origins.get(made).map(Vec::as_slice).unwrap_or_default()
    }

    /// The same of a VirtualService by `namespace/name`, as hops name it.
    pub fn origins_of_route(&self, route: &str) -> &[ApiOrigin] {
        self.origins_of(Kind::VirtualService, route)
    }

    /// The same of a DestinationRule.
    pub fn origins_of_rule(&self, rule: &str) -> &[ApiOrigin] {
        self.origins_of(Kind::DestinationRule, rule)
    }

    fn origins_of(&self, kind: Kind, name: &str) -> &[ApiOrigin] {
        let Some((namespace, name)) = name.split_once('/') else { return &[] };
        self.origins(&ObjectId { kind, namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// The objects of the Gateway API that leave calls open.
    pub fn not_followed(&self) -> BTreeSet<&ApiOrigin> {
        self.open.iter().flat_map(|id| self.origins(id)).chain(self.open_hosts.values()).collect()
    }

    /// Whether not everything is known of one of them.
    pub(crate) fn is_open(&self, made: &ObjectId) -> bool {
        self.open.contains(made)
    }

    /// Whether it is not known how connections to a host in full are opened.
    pub(crate) fn is_open_host(&self, host: &str) -> bool {
        self.open_hosts.contains_key(host)
    }
}

/// Whether istiod takes a VirtualService for one that it made of a TLSRoute.
pub(crate) fn is_made_of_tls_route(resource: &Resource) -> bool {
    resource.annotations.get(PARENTS).is_some_and(|parents| parents.starts_with("TLSRoute/"))
}

/// Whether istiod takes a VirtualService for one that it made of routes of the Gateway API.
pub fn is_made(resource: &Resource) -> bool {
    resource.annotations.get(SEMANTICS).is_some_and(|semantics| semantics == "gateway")
}

impl ApiOrigin {
    /// An object.
    pub fn of(object: &GatewayApiObject) -> Self {
        let (kind, object) = (object.kind.clone(), &object.object);
        ApiOrigin { kind, namespace: object.namespace.clone(), name: object.name.clone() }
    }
}

/// What an object is made of.
pub(super) struct Draft {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) created: Option<Timestamp>,
    pub(super) spec: Value,
    pub(super) origins: Vec<ApiOrigin>,
    /// Whether not everything is known of it.
    pub(super) is_open: bool,
}

impl MadeObjects {
    /// Adds a VirtualService.
    pub(super) fn add_route(&mut self, draft: Draft) {
        let spec = serde_json::from_value(draft.spec.clone()).ok().map(Spec::VirtualService);
        let parent = |it: &ApiOrigin| format!("{}/{}.{}", it.kind, it.name, it.namespace);
        let parents: Vec<String> = draft.origins.iter().map(parent).collect();
        let semantics = (SEMANTICS.to_owned(), "gateway".to_owned());
        self.add(Kind::VirtualService, spec, draft, [semantics, (PARENTS.to_owned(), parents.join(","))]);
    }

    /// Adds a DestinationRule.
    pub(super) fn add_rule(&mut self, draft: Draft) {
        let spec = serde_json::from_value(draft.spec.clone()).ok().map(Spec::DestinationRule);
        self.add(Kind::DestinationRule, spec, draft, []);
    }

    /// Adds a Gateway with these annotations.
    pub(super) fn add_gateway(&mut self, draft: Draft, annotations: [(String, String); 4]) {
        let spec = serde_json::from_value(draft.spec.clone()).ok().map(Spec::Gateway);
        self.add(Kind::Gateway, spec, draft, annotations);
    }

    fn add<const N: usize>(
        &mut self,
        kind: Kind,
        spec: Option<Spec>,
        draft: Draft,
        annotations: [(String, String); N],
    ) {
        // What does not fit the schema of its kind an API server does not store.
        let Some(spec) = spec else { return };
        let id = ObjectId { kind, namespace: draft.namespace, name: draft.name };
        self.origins.insert(id.clone(), draft.origins);
        if draft.is_open {
            self.open.insert(id.clone());
        }
        self.objects.push(Resource {
            id,
            labels: StringMap::new(),
            annotations: annotations.into_iter().map(|(key, value)| (key.into(), value)).collect(),
            spec,
            live: Some(Live { created: draft.created, ..Live::default() }),
        });
    }
}
