//! Reads facts that only some policies need.

use std::collections::BTreeMap;

use egress_core::input::Input;
use egress_core::kubernetes::Node;
use egress_core::objects;
use egress_core::snapshot::NodeFacts;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;

use crate::cluster::Cluster;
use crate::error::ClusterError;
use crate::list::Collection;

impl Cluster {
    /// Every node.
    ///
    /// # Errors
    /// [`ClusterError::Forbidden`] if nodes may not be listed.
    pub async fn nodes(&self) -> Result<Vec<NodeFacts>, ClusterError> {
        let nodes: Vec<Node> = self.list(&Collection::core(Input::Nodes, "nodes"), None, None).await?;
        Ok(nodes.iter().map(objects::node).collect())
    }

    /// The labels of a namespace.
    ///
    /// # Errors
    /// [`ClusterError::Forbidden`] if the namespace may not be read, [`ClusterError::NamespaceNotFound`].
    pub async fn namespace_labels(&self, name: &str) -> Result<BTreeMap<String, String>, ClusterError> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let found = self.ask(namespaces.get_opt(name)).await?;
        let found = found.ok_or_else(|| ClusterError::NamespaceNotFound(name.to_owned()))?;
        Ok(found.metadata.labels.unwrap_or_default())
    }
}
