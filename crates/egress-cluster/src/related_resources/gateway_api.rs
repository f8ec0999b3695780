//! Reads objects of the Kubernetes Gateway API, each kind in the server's best version.
//!
//! Knows which kinds matter to an egress.

use egress_core::input::Input;
use egress_core::related_resources::RelatedResources;
use futures::future::try_join_all;

use super::Listed;
use crate::cluster::Cluster;
use crate::error::ClusterError;

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

impl Cluster {
    /// Every object of the group; none if the server does not have the group.
    pub(super) async fn gateway_api(&self) -> Result<Listed<RelatedResources>, ClusterError> {
        let versions = self.versions(GROUP).await?.into_iter().map(|version| async {
            let plurals = self.plurals(GROUP, &version).await?;
            Ok::<_, ClusterError>((version, plurals))
        });
        let versions = try_join_all(versions).await?;
        let served = |plural: &str| {
            let found = versions.iter().find(|(_, names)| names.iter().any(|name| name == plural));
            found.map(|(version, _)| version.clone())
        };
        let kinds = KINDS.iter().filter_map(|(kind, plural)| Some((served(plural)?, *plural, *kind)));
        self.all_of(Input::GatewayApi, GROUP, kinds).await
    }
}
