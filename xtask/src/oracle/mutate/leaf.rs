//! The values in objects, by what they are: hosts, ports, names of subsets. Values of one sort may stand for each other.
//!
//! Knows the names of Istio's fields, not which kind has which.

use serde_json::Value;

use crate::oracle::cluster::{is, is_of_istio};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Host,
    Port,
    Subset,
    GatewayName,
    NamespaceName,
    Label,
    Name,
    Protocol,
    Resolution,
    Location,
    TlsMode,
    Outbound,
}

/// One value.
#[derive(Clone, Debug)]
pub(super) struct Leaf {
    /// The place of its object.
    object: usize,
    path: String,
    pub(super) sort: Sort,
    pub(super) value: Value,
}

impl Sort {
    /// The words that a value of this sort may be; none where it may be anything.
    pub(super) fn words(self) -> &'static [&'static str] {
        match self {
            Sort::Protocol => &["HTTP", "HTTPS", "TLS", "TCP", "GRPC", "HTTP2", "MONGO", "UDP"],
            Sort::Resolution => &["NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN"],
            Sort::Location => &["MESH_EXTERNAL", "MESH_INTERNAL"],
            Sort::TlsMode => {
                &["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL", "PASSTHROUGH", "OPTIONAL_MUTUAL"]
            }
            Sort::Outbound => &["REGISTRY_ONLY", "ALLOW_ANY"],
            _ => &[],
        }
    }

    /// By the names of the fields that lead to it; those of list items are numbers.
    fn of(path: &str) -> Option<Self> {
        let mut names = path.rsplit('/').filter(|name| name.parse::<usize>().is_err());
        let (last, parent) = (names.next()?, names.next().unwrap_or_default());
        Some(match (parent, last) {
            (_, "host" | "hosts" | "sniHosts" | "sni" | "address")
            | ("authority", "exact" | "prefix")
            | ("rewrite" | "redirect", "authority") => Sort::Host,
            (_, "number" | "port" | "targetPort") => Sort::Port,
            (_, "subset") | ("subsets", "name") => Sort::Subset,
            (_, "gateways") => Sort::GatewayName,
            (_, "exportTo" | "sourceNamespace" | "namespace") => Sort::NamespaceName,
            ("selector" | "labels" | "matchLabels" | "sourceLabels", _) => Sort::Label,
            (_, "protocol") => Sort::Protocol,
            (_, "resolution") => Sort::Resolution,
            (_, "location") => Sort::Location,
            ("tls", "mode") => Sort::TlsMode,
            ("outboundTrafficPolicy", "mode") => Sort::Outbound,
            ("port" | "ports", "name") => Sort::Name,
            _ => return None,
        })
    }
}

impl Leaf {
    /// Writes another value there.
    pub(super) fn set(&self, objects: &mut [Value], value: &Value) {
        if let Some(place) = objects.get_mut(self.object).and_then(|object| object.pointer_mut(&self.path)) {
            *place = value.clone();
        }
    }
}

/// The values of all objects that say where calls go.
pub(super) fn leaves(objects: &[Value]) -> Vec<Leaf> {
    let mut leaves = Vec::new();
    for (place, object) in objects.iter().enumerate() {
        if !is_of_istio(object) && !is(object, "Service") {
            continue;
        }
        for path in fields(object) {
            let Some(value) = object.pointer(&path).filter(|value| value.is_string() || value.is_number())
            else {
                continue;
            };
            if let Some(sort) = Sort::of(&path) {
                leaves.push(Leaf { object: place, path, sort, value: value.clone() });
            }
        }
    }
    leaves
}

/// The paths of all that is in the spec of an object.
pub(in crate::oracle) fn fields(object: &Value) -> Vec<String> {
    fn walk(value: &Value, path: &str, found: &mut Vec<String>) {
        let below: Vec<(String, &Value)> = match value {
            Value::Object(fields) => fields
                .iter()
                .map(|(name, value)| (name.replace('~', "~0").replace('/', "~1"), value))
                .collect(),
            Value::Array(items) => {
                items.iter().enumerate().map(|(place, value)| (place.to_string(), value)).collect()
            }
            _ => return,
        };
        for (name, value) in below {
            let path = format!("{path}/{name}");
            found.push(path.clone());
            walk(value, &path, found);
        }
    }
    let mut found = Vec::new();
    if let Some(spec) = object.get("spec") {
        walk(spec, "/spec", &mut found);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_a_sort_by_the_names_that_lead_to_them() {
        for (path, sort) in [
            ("/spec/http/0/route/0/destination/host", Some(Sort::Host)),
            ("/spec/tls/0/match/0/sniHosts/1", Some(Sort::Host)),
            ("/spec/servers/0/port/number", Some(Sort::Port)),
            ("/spec/servers/0/tls/mode", Some(Sort::TlsMode)),
            ("/spec/selector/app", Some(Sort::Label)),
            ("/spec/http/0/timeout", None),
        ] {
            assert_eq!(Sort::of(path), sort, "{path}");
        }
    }
}
