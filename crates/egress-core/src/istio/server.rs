//! The servers of Gateway objects: which pods they are for, which connections and hosts they take.
//!
//! Follows `mergeGateways` in `pilot/pkg/model/gateway.go` and `buildGatewayListenerTLSContext` in
//! `pilot/pkg/networking/core/gateway.go` (read at 1.31). Knows nothing of routes, and nothing of servers that istiod drops.

use std::collections::BTreeMap;

use egress_istio::gateway::{GatewayServers, GatewayServersTlsMode};

use crate::label_selector::has_labels;
use crate::resource::Resource;
use crate::snapshot::GatewayFacts;
use crate::visibility::host_matches;

/// One server of one Gateway object.
#[derive(Clone, Copy, Debug)]
pub struct Server<'a> {
    /// The Gateway object.
    pub object: &'a Resource,
    /// Its place in `spec.servers`.
    pub index: usize,
    /// The server.
    pub spec: &'a GatewayServers,
    /// The port of the pods.
    pub listens_on: i64,
    /// What it wants to see on a connection.
    pub expects: Expects,
}

/// The rules of VirtualServices that a server follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Those for requests.
    Http,
    /// Those for connections by server name.
    Tls,
    /// Those for connections.
    Tcp,
}

/// What a server wants to see on a connection: the one definition of TLS and plaintext at a gateway.
///
/// TLS is what has `tls` and does not speak HTTP: the `tls` of an HTTP port can only redirect to HTTPS. `IsTLSServer` and
/// `IsPassThroughServer` in `pkg/config/gateway/gateway.go`; `mergeGateways` never lets TLS and plaintext share a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expects {
    /// No TLS.
    Plaintext,
    /// TLS of any client, terminated elsewhere.
    Passthrough,
    /// TLS that it ends with a certificate of its own; no client certificate of the mesh.
    OwnTls,
    /// mTLS of the mesh.
    MeshMtls,
}

impl<'a> Server<'a> {
    /// Whether it is for a host or a server name.
    pub fn covers(&self, host: &str) -> bool {
        self.hosts().any(|pattern| host_matches(pattern, host))
    }

    /// Its hosts, without the namespaces that may bind to them.
    pub fn hosts(&self) -> impl Iterator<Item = &'a str> {
        self.spec.hosts.iter().map(|host| host.rsplit('/').next().unwrap_or_default())
    }

    /// Whether a VirtualService of this namespace may serve a host here.
    pub fn admits(&self, namespace: &str, host: &str) -> bool {
        self.spec.hosts.iter().any(|admitted| match admitted.split_once('/') {
            Some((".", pattern)) => self.object.id.namespace == namespace && host_matches(pattern, host),
            Some((owner, pattern)) => (owner == "*" || owner == namespace) && host_matches(pattern, host),
            None => host_matches(admitted, host),
        })
    }

    /// Whether it names this host itself, for VirtualServices of this namespace.
    pub fn names(&self, namespace: &str, host: &str) -> bool {
        self.hosts().any(|name| name.eq_ignore_ascii_case(host)) && self.admits(namespace, host)
    }

    /// Whether the pattern of a VirtualService of this namespace covers one of its hosts.
    pub fn is_within(&self, namespace: &str, pattern: &str) -> bool {
        self.hosts().any(|name| host_matches(pattern, name) && self.admits(namespace, name))
    }

    /// Whether its connections begin with TLS, here or behind it.
    pub fn is_tls(&self) -> bool {
        self.expects != Expects::Plaintext
    }

    /// Whether it answers every request with a redirect to HTTPS.
    pub fn redirects(&self) -> bool {
        self.spec.tls.as_ref().is_some_and(|tls| tls.https_redirect == Some(true))
    }

    /// Which rules it follows. `IsHTTPServer` and `IsPassThroughServer` in `pkg/config/gateway/gateway.go`.
    pub fn follows(&self) -> Follows {
        match self.expects {
            _ if is_http(self.spec) => Follows::Http,
            Expects::Passthrough => Follows::Tls,
            _ if self.spec.port.protocol.eq_ignore_ascii_case("HTTPS") => Follows::Http,
            _ => Follows::Tcp,
        }
    }

    /// The server as a place of its object.
    pub fn field(&self) -> String {
        format!("spec.servers[{}]", self.index)
    }

    /// Whether its object has no other.
    pub fn is_alone(&self) -> bool {
        self.object.gateway().and_then(|spec| spec.servers.as_ref()).is_some_and(|servers| servers.len() == 1)
    }
}

/// The servers of one Gateway object that is for a gateway's pods.
pub fn servers<'a>(object: &'a Resource, gateway: &GatewayFacts) -> impl Iterator<Item = Server<'a>> {
    let all = object.gateway().and_then(|spec| spec.servers.as_deref()).unwrap_or_default();
    all.iter().enumerate().map(move |(index, spec)| {
        let listens_on = gateway.listens_on(spec.port.number);
        Server { object, index, spec, listens_on, expects: expects(spec) }
    })
}

/// The hosts of a server as istiod compares them: `*/host` is `host`, and `./host` is `namespace/host`.
/// `sanitizeServerHostNamespace` in `pilot/pkg/model/gateway.go`.
pub fn compared_hosts<'a>(
    object: &'a Resource,
    spec: &'a GatewayServers,
) -> impl Iterator<Item = String> + use<'a> {
    spec.hosts.iter().map(|host| match host.split_once('/') {
        Some(("*", name)) => name.to_owned(),
        Some((".", name)) => format!("{}/{name}", object.id.namespace),
        _ => host.clone(),
    })
}

fn expects(server: &GatewayServers) -> Expects {
    let Some(tls) = server.tls.as_ref().filter(|_| !is_http(server)) else { return Expects::Plaintext };
    match &tls.mode {
        // PASSTHROUGH is the zero value of the field.
        None | Some(GatewayServersTlsMode::Passthrough | GatewayServersTlsMode::AutoPassthrough) => {
            Expects::Passthrough
        }
        Some(GatewayServersTlsMode::IstioMutual) => Expects::MeshMtls,
        Some(
            GatewayServersTlsMode::Simple
            | GatewayServersTlsMode::Mutual
            | GatewayServersTlsMode::OptionalMutual,
        ) => Expects::OwnTls,
    }
}

/// Whether a port carries HTTP without TLS. `Parse` and `IsHTTP` in `pkg/config/protocol/instance.go`.
fn is_http(server: &GatewayServers) -> bool {
    let speaks = |protocol: &str| server.port.protocol.eq_ignore_ascii_case(protocol);
    ["HTTP", "HTTP2", "HTTP_PROXY", "GRPC", "GRPC-WEB"].into_iter().any(speaks)
}

/// What istiod writes into the Gateway objects that it makes of the Gateway API: the Services that they are for, instead of a
/// selector. It obeys it in anybody's; its webhook lets it pass.
const SERVICES: &str = "internal.istio.io/gateway-service";
/// The namespace of those Services. Its webhook refuses it, and istiod obeys it where no webhook stood in the way.
const NAMESPACE_OF_SERVICES: &str = "internal.istio.io/parent-namespace";

/// The Services in full that a Gateway object is for; none where it selects pods.
pub(crate) fn named_services(object: &Resource) -> Option<std::str::Split<'_, char>> {
    object.annotations.get(SERVICES).map(|names| names.split(','))
}

/// Whether a Gateway object is for the gateway's pods. `labels.SubsetOf` in `pilot/pkg/model/push_context.go`
/// (`mergeGateways`); an object without a selector is for all.
pub fn selects(object: &Resource, gateway: &GatewayFacts) -> bool {
    let Some(spec) = object.gateway() else { return false };
    if let Some(mut services) = named_services(object) {
        let named = object.annotations.get(NAMESPACE_OF_SERVICES).filter(|namespace| !namespace.is_empty());
        let is_here = *named.unwrap_or(&object.id.namespace) == gateway.name.namespace;
        let own = format!("{}.{}.svc.", gateway.name.service, gateway.name.namespace);
        // Whoever names another namespace is taken at his word: other Services may have the same pods.
        return is_here && (named.is_some() || services.any(|service| service.starts_with(&own)));
    }
    let is_for = |labels: &BTreeMap<String, String>| has_labels(labels, spec.selector.iter().flatten());
    match gateway.pods.as_slice() {
        [] => is_for(&gateway.selector),
        pods => pods.iter().any(|pod| is_for(&pod.labels)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn server(protocol: &str, tls: Option<Value>) -> GatewayServers {
        let mut server = json!({
            "port": { "number": 443, "name": "port", "protocol": protocol }, "hosts": ["*"],
        });
        if let Some(tls) = tls {
            server["tls"] = tls;
        }
        serde_json::from_value(server).unwrap()
    }

    #[test]
    fn tls_is_what_has_tls_settings_and_is_no_http() {
        let mode = |mode: &str| Some(json!({ "mode": mode }));
        for (protocol, tls, expected) in [
            ("HTTP", None, Expects::Plaintext),
            ("HTTP", Some(json!({ "httpsRedirect": true })), Expects::Plaintext),
            ("grpc-web", Some(json!({ "httpsRedirect": true })), Expects::Plaintext),
            ("HTTP2", mode("SIMPLE"), Expects::Plaintext),
            ("TCP", None, Expects::Plaintext),
            // istiod's webhook refuses these; where none stood in the way it obeys them.
            ("TCP", mode("SIMPLE"), Expects::OwnTls),
            ("MONGO", mode("MUTUAL"), Expects::OwnTls),
            ("TLS", None, Expects::Plaintext),
            ("HTTPS", None, Expects::Plaintext),
            ("TLS", Some(json!({})), Expects::Passthrough),
            ("tls", mode("PASSTHROUGH"), Expects::Passthrough),
            ("TLS", mode("AUTO_PASSTHROUGH"), Expects::Passthrough),
            ("HTTPS", mode("SIMPLE"), Expects::OwnTls),
            ("https", mode("ISTIO_MUTUAL"), Expects::MeshMtls),
        ] {
            assert_eq!(expects(&server(protocol, tls.clone())), expected, "{protocol} {tls:?}");
        }
    }
}
