//! The names and numbers that the objects of one cluster share. Knows no kind.

use serde_json::{Value, json};

use crate::oracle::{
    cluster::{full_name, is, list, namespace, word},
    random::Random,
};

const APPLICATIONS: &[&str] = &["shop", "billing", "orders"];
const HOSTS: &[&str] = &[
    "edition.cnn.com",
    "www.example.com",
    "api.example.com",
    "*.example.com",
    "db.internal.corp",
    "*.wikipedia.org",
    "en.wikipedia.org",
    "*.com",
];
const PORTS: &[u16] = &[80, 443, 80, 443, 8080, 8443, 9000, 27017];

/// What the objects of one cluster are made of.
pub(in crate::oracle) struct Pools {
    /// All namespaces; the first has the control plane.
    pub(in crate::oracle) namespaces: Vec<String>,
    pub(in crate::oracle) hosts: Vec<String>,
    pub(in crate::oracle) ports: Vec<u16>,
    /// Services of gateways.
    pub(in crate::oracle) services: Vec<GatewayService>,
    /// Gateway objects: `namespace/name`.
    pub(in crate::oracle) gateways: Vec<String>,
    /// VirtualServices that others may delegate to: `namespace/name`.
    pub(in crate::oracle) delegates: Vec<String>,
    pub(in crate::oracle) subsets: Vec<String>,
    /// Labels of calling pods: `app`.
    pub(in crate::oracle) apps: Vec<String>,
    /// How many objects were named.
    made: usize,
}

/// A Service with pods of a gateway behind it.
#[derive(Clone)]
pub(in crate::oracle) struct GatewayService {
    pub(in crate::oracle) namespace: String,
    pub(in crate::oracle) name: String,
    pub(in crate::oracle) selector: Value,
    pub(in crate::oracle) ports: Vec<u16>,
}

impl Pools {
    /// For a new cluster.
    pub(super) fn new(random: &mut Random) -> Self {
        let applications = random.some(APPLICATIONS, 3).into_iter().map(str::to_owned);
        let mut namespaces = vec!["istio-system".to_owned()];
        namespaces.extend(applications);
        if random.percent(30) {
            namespaces.push("egress".to_owned());
        }
        Pools {
            namespaces,
            hosts: random.some(HOSTS, 4).into_iter().map(str::to_owned).collect(),
            ports: random.some(PORTS, 4),
            services: Vec::new(),
            gateways: Vec::new(),
            delegates: Vec::new(),
            subsets: vec!["cnn".to_owned(), "v1".to_owned()],
            apps: vec!["web".to_owned(), "job".to_owned()],
            made: 0,
        }
    }

    /// Of a cluster that is there.
    pub(in crate::oracle) fn of(objects: &[Value], random: &mut Random) -> Self {
        let mut pools = Pools::new(random);
        pools.made = 30;
        let found = |kind: &'static str| objects.iter().filter(move |object| is(object, kind));
        pools.namespaces =
            found("Namespace").map(|object| word(object, "/metadata/name").to_owned()).collect();
        pools.gateways = found("Gateway").map(full_name).collect();
        let entries: Vec<&Value> = found("ServiceEntry").collect();
        let texts = |value: &Value| value.as_str().map(str::to_owned);
        pools.hosts.extend(entries.iter().flat_map(|entry| list(entry, "/spec/hosts")).filter_map(texts));
        let ports = entries.iter().flat_map(|entry| list(entry, "/spec/ports"));
        pools.ports.extend(ports.filter_map(|port| port.get("number")).filter_map(port_number));
        let rules = found("DestinationRule").flat_map(|rule| list(rule, "/spec/subsets"));
        pools.subsets.extend(rules.map(|subset| word(subset, "/name").to_owned()));
        pools.apps.extend(found("Pod").map(|pod| word(pod, "/metadata/labels/app").to_owned()));
        pools.services = found("Service").filter_map(GatewayService::of).collect();
        pools
    }

    /// A name that no object has yet.
    pub(super) fn name(&mut self, start: &str) -> String {
        self.made += 1;
        format!("{start}-{}", self.made)
    }

    /// A namespace, seldom that of the control plane.
    pub(super) fn namespace(&self, random: &mut Random) -> String {
        let applications = self.namespaces.get(1..).filter(|rest| !rest.is_empty() && random.percent(80));
        random.text(applications.unwrap_or(&self.namespaces))
    }

    /// A namespace that gateways are in.
    pub(super) fn gateway_namespace(&self, random: &mut Random) -> String {
        random.of_all(&self.services).map_or_else(|| "istio-system".to_owned(), |it| it.namespace.clone())
    }

    pub(super) fn service(&self, random: &mut Random) -> GatewayService {
        random.of_all(&self.services).cloned().unwrap_or_else(|| GatewayService {
            namespace: "istio-system".to_owned(),
            name: "istio-egressgateway".to_owned(),
            selector: json!({ "istio": "egressgateway" }),
            ports: vec![80, 443],
        })
    }

    pub(super) fn port(&self, random: &mut Random) -> u16 {
        random.of_all(&self.ports).copied().unwrap_or(80)
    }

    /// The Service of an application, where there is one.
    pub(super) fn backend(&self) -> String {
        let namespace = self.namespaces.get(1).map_or("shop", String::as_str);
        format!("backend.{namespace}.svc.cluster.local")
    }

    pub(super) fn app(&self, random: &mut Random) -> Value {
        json!({ "app": random.text(&self.apps) })
    }

    /// A name below a wildcard, or the host itself.
    pub(super) fn below(random: &mut Random, host: &str) -> String {
        match host.strip_prefix("*.") {
            Some(rest) if random.percent(50) => format!("{}.{rest}", random.word(&["www", "api", "a.b"])),
            _ => host.to_owned(),
        }
    }
}

impl GatewayService {
    fn of(object: &Value) -> Option<Self> {
        let selector = object.pointer("/spec/selector")?.clone();
        let ports = list(object, "/spec/ports").iter().filter_map(|port| port.get("port"));
        let ports: Vec<u16> = ports.filter_map(port_number).collect();
        let name = word(object, "/metadata/name").to_owned();
        let is_meant = !ports.is_empty() && name != "istiod";
        is_meant.then(|| GatewayService { namespace: namespace(object).to_owned(), name, selector, ports })
    }

    /// The Service as routes name it.
    pub(super) fn host(&self, random: &mut Random) -> String {
        let GatewayService { namespace, name, .. } = self;
        match random.below(20) {
            0 => name.clone(),
            1 => format!("{name}.{namespace}"),
            _ => format!("{name}.{namespace}.svc.cluster.local"),
        }
    }

    pub(super) fn port(&self, random: &mut Random) -> u16 {
        random.of_all(&self.ports).copied().unwrap_or(80)
    }
}

fn port_number(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|number| u16::try_from(number).ok())
}
