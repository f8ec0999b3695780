//! Reads objects of the Kubernetes Gateway API, each kind in the server's best version.
//!
//! Knows which kinds matter to an egress.

use egress_core::input::Input;
use egress_core::objects;
use egress_core::related_resources::GatewayApiObject;
use egress_core::unreadable::Unreadable;
use futures::future::try_join_all;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde_json::Value;

use super::Listed;
use crate::cluster::Cluster;
use crate::error::ClusterError;
use crate::list::Collection;

const GROUP: &str = "gateway.networking.k8s.io";
/// Kind and plural.
const KINDS: [(&str, &str); 6] = [
    ("Gateway", "gateways"),
    ("HTTPRoute", "httproutes"),
    ("TLSRoute", "tlsroutes"),
    ("TCPRoute", "tcproutes"),
    ("GRPCRoute", "grpcroutes"),
    ("ReferenceGrant", "referencegrants"),
];

#[derive(Deserialize)]
struct Object {
    metadata: ObjectMeta,
    #[serde(default)]
    spec: Value,
    #[serde(default)]
    status: Value,
}

impl Cluster {
    /// Every object of the group; none if the server does not have the group.
    pub(super) async fn gateway_api(&self) -> Result<Listed<GatewayApiObject>, ClusterError> {
        let versions = self.versions(GROUP).await?.into_iter().map(|version| async {
            let plurals = self.plurals(GROUP, &version).await?;
            Ok::<_, ClusterError>((version, plurals))
        });
        let versions = try_join_all(versions).await?;
        let served = |plural: &str| {
            let found = versions.iter().find(|(_, names)| names.iter().any(|name| name == plural));
            found.map(|(version, _)| version.clone())
        };
        let kinds = KINDS.iter().filter_map(|(kind, plural)| Some((*kind, *plural, served(plural)?)));
        let lists =
            try_join_all(kinds.map(|(kind, plural, version)| self.kind(kind, plural, version))).await?;
        let all: Result<Vec<Vec<GatewayApiObject>>, Unreadable> = lists.into_iter().collect();
        Ok(all.map(|all| all.concat()))
    }

    async fn kind(
        &self,
        kind: &str,
        plural: &'static str,
        version: String,
    ) -> Result<Listed<GatewayApiObject>, ClusterError> {
        let listed =
            self.whole::<Object>(&Collection::of_group(Input::GatewayApi, GROUP, &version, plural)).await?;
        let object = |Object { metadata, spec, status }| GatewayApiObject {
            kind: kind.to_owned(),
            api_version: format!("{GROUP}/{version}"),
            object: objects::named(metadata, spec),
            status,
        };
        Ok(listed.map(|objects| objects.into_iter().map(object).collect()))
    }
}
