//! Finds egress gateways: Services, and their pods.
//!
//! Knows how to recognise the Service of an egress gateway. Does not choose among several.

use egress_core::input::Input;
use egress_core::intent::GatewayName;
use egress_core::kubernetes::{Pod, Service};
use egress_core::objects::{self, Routed, gateway, is_behind, is_gateway, selects_gateway_label};
use egress_core::snapshot::GatewayFacts;
use egress_core::unreadable::Unreadable;
use futures::future::try_join_all;

use super::Scope;
use crate::cluster::Cluster;
use crate::error::ClusterError;
use crate::list::{Collection, ListResult};

/// The gateways, their pods, and the gaps.
#[derive(Default)]
pub(super) struct GatewaysReading {
    pub(super) found: Vec<GatewayFacts>,
    pub(super) pods: Vec<Pod>,
    pub(super) unreadable: Vec<Unreadable>,
}

/// Pods that are already read.
#[derive(Clone, Copy)]
pub(super) struct KnownPods<'a> {
    /// None if they may not be listed.
    pub(super) pods: Option<&'a [Pod]>,
    /// Whether these are all pods of the cluster; else all with [`objects::GATEWAY_LABEL`].
    pub(super) every: bool,
}

impl Cluster {
    /// The egress gateways among these Services, and the named one. `routed`: the gateways that Istio's objects name.
    pub(super) async fn gateways(
        &self,
        scope: &Scope,
        services: &ListResult<Service>,
        known: KnownPods<'_>,
        routed: &Routed,
    ) -> Result<GatewaysReading, ClusterError> {
        let mut candidates: Vec<Service> = services
            .items
            .iter()
            .filter(|service| {
                is_gateway(service, known.pods.unwrap_or_default())
                    || routed.names(service, known.pods.unwrap_or_default())
                    || scope.gateway == name(service)
            })
            .cloned()
            .collect();
        let mut reading = GatewaysReading::default();
        match &scope.gateway {
            Some(wanted) if !candidates.iter().any(|service| name(service).as_ref() == Some(wanted)) => {
                match self.named_gateway(wanted).await? {
                    Ok(service) => candidates.push(service),
                    Err(unreadable) => {
                        let selector = GatewayFacts::stock().selector;
                        reading.found.push(GatewayFacts::assumed(wanted.clone(), selector));
                        reading.unreadable.push(unreadable);
                    }
                }
            }
            // This user may not read the stock gateway's Service: assume it, as without a cluster.
            None if candidates.is_empty() && !services.covers(&GatewayFacts::stock().name.namespace) => {
                reading.found.push(GatewayFacts::stock());
            }
            _ => {}
        }
        let read = candidates.iter().map(|service| self.pods_behind(service, known));
        for (service, pods) in candidates.iter().zip(try_join_all(read).await?) {
            reading.found.extend(gateway(service, &pods.items.iter().collect::<Vec<_>>()));
            reading.pods.extend(pods.items);
            reading.unreadable.extend(pods.unreadable);
        }
        reading.found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(reading)
    }

    async fn named_gateway(&self, wanted: &GatewayName) -> Result<Result<Service, Unreadable>, ClusterError> {
        let services = Collection::core(Input::Services, "services");
        match self.one(&services, &wanted.namespace, &wanted.service).await {
            Err(ClusterError::Forbidden(why)) => {
                let service = Unreadable::new(Input::Services, format!("service/{}", wanted.service), why);
                Ok(Err(service.in_namespace(&wanted.namespace)))
            }
            found => found?.map(Ok).ok_or_else(|| ClusterError::NoGateway {
                gateway: wanted.clone(),
                problem: format!("services \"{}\" not found", wanted.service),
            }),
        }
    }

    async fn pods_behind(
        &self,
        service: &Service,
        known: KnownPods<'_>,
    ) -> Result<ListResult<Pod>, ClusterError> {
        let selector = objects::selector(service);
        if selector.is_empty() {
            return Ok(ListResult::whole(Vec::new()));
        }
        let namespace = service.metadata.namespace.as_deref();
        let told = known.every || selects_gateway_label(&selector);
        if let Some(pods) = known.pods.filter(|_| told) {
            let items = pods.iter().filter(|pod| is_behind(pod, namespace, &selector)).cloned().collect();
            return Ok(ListResult::whole(items));
        }
        let pods = Collection::core(Input::Pods, "pods");
        let labels: Vec<String> = selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
        pods.tolerate(namespace, self.list(&pods, namespace, Some(&labels.join(","))).await)
    }
}

fn name(service: &Service) -> Option<GatewayName> {
    let metadata = &service.metadata;
    Some(GatewayName { namespace: metadata.namespace.clone()?, service: metadata.name.clone()? })
}
