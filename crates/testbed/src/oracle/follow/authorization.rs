//! Envoy's filters of RBAC, for connections and for requests.
//!
//! Follows `RoleBasedAccessControlEngineImpl` and the matchers beside it (source/extensions/filters/common/rbac of Envoy). What
//! is not known is none: what an external service answers, and metadata that other filters write.

use std::net::IpAddr;

use egress_core::istio::call::{End, Refusal};
use serde::Deserialize;
use serde_json::Value;

use super::{
    chains::prefix,
    listeners::SeenConnection,
    matches::{SeenRequest, wants_header, wants_string},
};
use crate::oracle::envoy::{
    CidrRange, EnvoyFilterChain, EnvoyHeaderMatch, EnvoyStringMatch, FilterConfig, HttpConnectionManager,
    HttpFilterConfig, RbacFilter,
};

/// What the filters see.
#[derive(Clone, Copy)]
pub(super) struct AuthorizedCall<'a> {
    pub(super) seen: &'a SeenConnection<'a>,
    /// The name of the client in the mesh, where the proxy knows it.
    pub(super) identity: Option<&'a str>,
    /// The address that the connection comes from; none where that is another one than the client's.
    pub(super) source: Option<IpAddr>,
    pub(super) request: Option<SeenRequest<'a>>,
}

impl AuthorizedCall<'_> {
    /// How a connection ends at the filters before the one that passes it on; none where it passes.
    pub(super) fn end_of_connection(&self, chain: &EnvoyFilterChain) -> Option<End> {
        chain.filters.iter().find_map(|filter| match &filter.typed_config {
            Some(FilterConfig::Rbac(rbac)) => self.end(rbac),
            Some(FilterConfig::ExternalAuthorization) => Some(End::Undecided),
            _ => None,
        })
    }

    /// How a request ends at the filters before the router; none where it passes.
    pub(super) fn end_of_request(&self, http: &HttpConnectionManager) -> Option<End> {
        http.http_filters.iter().find_map(|filter| match &filter.typed_config {
            Some(HttpFilterConfig::Rbac(rbac)) => self.end(rbac),
            Some(HttpFilterConfig::ExternalAuthorization) => Some(End::Undecided),
            Some(HttpFilterConfig::Other) | None => None,
        })
    }

    fn end(&self, filter: &RbacFilter) -> Option<End> {
        let rules = filter.rules.as_ref()?;
        let policies = rules["policies"].as_object();
        let matched = any(policies.into_iter().flatten().map(|(_, policy)| {
            all([
                any(items(&policy["permissions"]).map(|one| self.permits(one))),
                any(items(&policy["principals"]).map(|one| self.is(one))),
            ])
        }));
        let passes = match rules["action"].as_str().unwrap_or("ALLOW") {
            "ALLOW" => matched,
            "DENY" => matched.map(|matched| !matched),
            _ => Some(true),
        };
        match passes {
            Some(true) => None,
            Some(false) => Some(End::Refused(Refusal::ByPolicy)),
            None => Some(End::Undecided),
        }
    }

    /// `envoy.config.rbac.v3.Permission`
    fn permits(&self, permission: &Value) -> Option<bool> {
        let (kind, value) = permission.as_object().and_then(|object| object.iter().next())?;
        match kind.as_str() {
            "any" => Some(true),
            "andRules" => all(items(&value["rules"]).map(|one| self.permits(one))),
            "orRules" => any(items(&value["rules"]).map(|one| self.permits(one))),
            "notRule" => self.permits(value).map(|holds| !holds),
            "destinationIp" => in_range(value, Some(self.seen.address)),
            "destinationPort" => Some(value.as_u64() == Some(self.seen.port.into())),
            "requestedServerName" => text(value, self.seen.server_name.unwrap_or_default()),
            "header" => self.has_header(value),
            "urlPath" => text(&value["path"], "/").filter(|_| self.request.is_some()),
            _ => None,
        }
    }

    /// `envoy.config.rbac.v3.Principal`
    fn is(&self, principal: &Value) -> Option<bool> {
        let (kind, value) = principal.as_object().and_then(|object| object.iter().next())?;
        match kind.as_str() {
            "any" => Some(true),
            "andIds" => all(items(&value["ids"]).map(|one| self.is(one))),
            "orIds" => any(items(&value["ids"]).map(|one| self.is(one))),
            "notId" => self.is(value).map(|holds| !holds),
            "authenticated" => self.is_called(&value["principalName"]),
            "filterState" if value["key"] == "io.istio.peer_principal" => {
                self.is_called(&value["stringMatch"])
            }
            "directRemoteIp" | "remoteIp" => in_range(value, self.source),
            "header" => self.has_header(value),
            // Nobody shows a token here.
            "metadata" if value["filter"] == "envoy.filters.http.jwt_authn" => Some(false),
            _ => None,
        }
    }

    fn is_called(&self, wanted: &Value) -> Option<bool> {
        match self.identity {
            Some(identity) => text(wanted, identity),
            None => Some(false),
        }
    }

    fn has_header(&self, wanted: &Value) -> Option<bool> {
        let wanted = EnvoyHeaderMatch::deserialize(wanted).ok()?;
        Some(wants_header(&wanted, self.request?))
    }
}

fn text(wanted: &Value, value: &str) -> Option<bool> {
    EnvoyStringMatch::deserialize(wanted).ok().map(|wanted| wants_string(&wanted, value))
}

fn in_range(range: &Value, address: Option<IpAddr>) -> Option<bool> {
    let range = CidrRange::deserialize(range).ok()?;
    let address = address?;
    Some(prefix(&[range], Some(address)).is_some())
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Whether any holds; none where that depends on one that is not known.
fn any(all: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut found = Some(false);
    for holds in all {
        match holds {
            Some(true) => return Some(true),
            Some(false) => {}
            None => found = None,
        }
    }
    found
}

/// Whether all hold; none where that depends on one that is not known.
fn all(all: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    any(all.into_iter().map(|holds| holds.map(|holds| !holds))).map(|fails| !fails)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ends(rules: Value, identity: Option<&str>, request: Option<SeenRequest<'_>>) -> Option<End> {
        let seen = SeenConnection {
            address: "10.0.0.9".parse().unwrap(),
            port: 8443,
            source: None,
            server_name: Some("edition.cnn.com"),
            transport_protocol: "tls",
            application_protocols: Vec::new(),
        };
        let call = AuthorizedCall { seen: &seen, identity, source: None, request };
        call.end(&RbacFilter { rules: Some(rules) })
    }

    fn of(permission: &Value, principal: &Value) -> Value {
        json!({ "policies": { "one": { "permissions": [permission], "principals": [principal] } } })
    }

    #[test]
    fn an_allowance_without_policies_refuses_everything() {
        assert_eq!(ends(json!({}), None, None), Some(End::Refused(Refusal::ByPolicy)));
        assert_eq!(ends(json!({ "action": "DENY" }), None, None), None);
        assert_eq!(ends(json!({ "action": "LOG" }), None, None), None);
    }

    #[test]
    fn who_is_not_known_is_nobody() {
        let named =
            json!({ "authenticated": { "principalName": { "prefix": "spiffe://cluster.local/ns/shop/" } } });
        let rules = of(&json!({ "any": true }), &named);
        assert_eq!(ends(rules.clone(), Some("spiffe://cluster.local/ns/shop/sa/web"), None), None);
        assert_eq!(ends(rules, None, None), Some(End::Refused(Refusal::ByPolicy)));
    }

    #[test]
    fn connections_are_told_apart_by_server_name_and_port() {
        let any = json!({ "any": true });
        let name = |name: &str| json!({ "requestedServerName": { "exact": name } });
        assert_eq!(ends(of(&name("edition.cnn.com"), &any), None, None), None);
        assert_eq!(ends(of(&name("other.example"), &any), None, None), Some(End::Refused(Refusal::ByPolicy)));
        assert_eq!(
            ends(of(&json!({ "notRule": { "destinationPort": 8443 } }), &any), None, None),
            Some(End::Refused(Refusal::ByPolicy))
        );
    }

    #[test]
    fn what_is_not_known_decides_only_where_all_else_holds() {
        let unknown = json!({ "sourcedMetadata": {} });
        assert_eq!(ends(of(&unknown, &json!({ "any": true })), None, None), Some(End::Undecided));
        let nobody = json!({ "authenticated": { "principalName": { "exact": "x" } } });
        assert_eq!(ends(of(&unknown, &nobody), None, None), Some(End::Refused(Refusal::ByPolicy)));
    }
}
