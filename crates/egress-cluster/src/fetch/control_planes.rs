//! Finds Istio's control planes from their webhooks.
//!
//! Webhook configurations are cluster-scoped: a user with permissions in one namespace only cannot create one, and so
//! cannot fake a control plane. A pod label could be faked.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::kubernetes::Pod;
use egress_core::objects;
use egress_core::unreadable::Unreadable;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::cluster::Cluster;
use crate::error::ClusterError;
use crate::list::Collection;

/// The label with the revision of a webhook. <https://istio.io/latest/docs/reference/config/labels/>
const REVISION: &str = "istio.io/rev";

/// The control planes of a cluster.
#[derive(Debug, Default)]
pub(super) struct ControlPlanes {
    namespaces: BTreeSet<String>,
    /// The revisions that webhooks name.
    pub(super) revisions: Vec<String>,
    /// A webhook that calls a control plane outside this cluster.
    pub(super) external: Option<String>,
}

/// The control planes, if webhooks may be listed.
#[derive(Debug)]
pub(super) enum Told {
    /// These control planes.
    All(ControlPlanes),
    /// Webhooks may not be listed, for this reason.
    Hidden(Unreadable),
}

impl ControlPlanes {
    /// The namespaces in which they run.
    pub(super) fn namespaces(&self) -> BTreeSet<String> {
        self.namespaces.clone()
    }

    /// The control planes that these proxies connect to.
    ///
    /// A user with permissions in a namespace can fake its pods. So this is only for users who may not list webhooks;
    /// if proxies disagree, the control plane is unknown.
    pub(super) fn of_proxies<'a>(pods: impl Iterator<Item = &'a Pod>) -> Self {
        ControlPlanes { namespaces: pods.filter_map(objects::control_plane).collect(), ..Self::default() }
    }

    fn learn(&mut self, kind: &str, metadata: &ObjectMeta, clients: &[&WebhookClientConfig]) {
        let name = metadata.name.as_deref().unwrap_or_default();
        // `istio-sidecar-injector`, `istio-validator-istio-system`, `istiod-default-validator`, `istio-revision-tag-…`:
        // `manifests/charts/istio-control` of Istio.
        let by_name = name.starts_with("istio");
        for client in clients {
            match (&client.service, &client.url) {
                (Some(service), _) if by_name || service.name.starts_with("istiod") => {
                    self.namespaces.insert(service.namespace.clone());
                }
                (None, Some(_)) if by_name => self.external = Some(format!("{kind}/{name}")),
                _ => continue,
            }
            let revision = metadata.labels.as_ref().and_then(|labels| labels.get(REVISION));
            self.revisions.extend(revision.cloned());
        }
    }
}

impl Cluster {
    /// The control planes that webhooks name.
    pub(super) async fn control_planes(&self) -> Result<Told, ClusterError> {
        let hooks =
            |plural| Collection::of_group(Input::Webhooks, "admissionregistration.k8s.io", "v1", plural);
        let (validating, mutating) =
            (hooks("validatingwebhookconfigurations"), hooks("mutatingwebhookconfigurations"));
        let read = tokio::try_join!(
            self.list::<ValidatingWebhookConfiguration>(&validating, None, None),
            self.list::<MutatingWebhookConfiguration>(&mutating, None, None),
        );
        let (validating, mutating) = match read {
            Err(ClusterError::Forbidden(why)) => {
                let what = "the webhooks, which name the control planes,";
                return Ok(Told::Hidden(Unreadable::new(Input::Webhooks, what, why)));
            }
            read => read?,
        };
        let mut planes = ControlPlanes::default();
        for hook in &validating {
            let clients: Vec<_> = hook.webhooks.iter().flatten().map(|hook| &hook.client_config).collect();
            planes.learn("validatingwebhookconfiguration", &hook.metadata, &clients);
        }
        for hook in &mutating {
            let clients: Vec<_> = hook.webhooks.iter().flatten().map(|hook| &hook.client_config).collect();
            planes.learn("mutatingwebhookconfiguration", &hook.metadata, &clients);
        }
        planes.revisions.sort();
        planes.revisions.dedup();
        Ok(Told::All(planes))
    }
}
