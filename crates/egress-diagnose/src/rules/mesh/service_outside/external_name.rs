//! Services of type ExternalName for a host that no ServiceEntry declares: `REGISTRY_ONLY` refuses what is called by their name.
//!
//! Follows `resolveServiceAliases` in `pilot/pkg/model/push_context.go`: istiod drops an alias of a host that it does not know.
//! Where unknown hosts may be called it says nothing.

use egress_core::host::DnsName;
use egress_core::resource::Resource;
use egress_core::snapshot::{OutboundMode, ServiceFacts};
use egress_core::visibility::{exported_to, host_matches};

use super::CHECK;
use crate::finding::{CheckOutcome, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::view::View;

/// One finding for each Service; none where Services were not given.
pub(super) fn findings(view: &View<'_>) -> Vec<Finding> {
    let services = view.services().unwrap_or_default();
    let wildcards: Vec<(&str, &Resource)> = view
        .service_entries()
        .flat_map(|entry| {
            entry.service_entry().into_iter().flat_map(|spec| &spec.hosts).map(move |host| (host, entry))
        })
        .filter(|(host, _)| host.starts_with('*'))
        .map(|(host, entry)| (host.as_str(), entry))
        .collect();
    let is_covered = |host: &str, viewer: &str| {
        let sees = |(pattern, entry): &(&str, &Resource)| {
            let words = entry.service_entry().and_then(|spec| spec.export_to.as_deref());
            host_matches(pattern, host) && exported_to(words, &entry.id.namespace, viewer)
        };
        wildcards.iter().any(sees)
    };
    services
        .iter()
        .filter_map(|service| Some((service, host_of(view, service)?)))
        .filter(|(service, host)| {
            let namespace = service.namespace.as_str();
            calls(view, namespace)
                && view.outbound_from(namespace) == Some(OutboundMode::RegistryOnly)
                && view.entries_seen_from(namespace, host).is_empty()
                && !is_covered(host, namespace)
        })
        .map(|(service, host)| finding(service, host))
        .collect()
}

/// The host outside the cluster that a Service is a name for.
fn host_of<'a>(view: &View<'_>, service: &'a ServiceFacts) -> Option<&'a str> {
    let host = service.external_name.as_deref()?.trim_end_matches('.');
    let is_inside = host.ends_with(view.mesh().cluster_domain.as_str());
    let is_short = host.rsplit('.').next() == Some("svc");
    (!is_inside && !is_short && host.contains('.') && DnsName::parse(host).is_ok()).then_some(host)
}

/// Whether sidecars of a namespace may call its Services; in files without pods any may.
fn calls(view: &View<'_>, namespace: &str) -> bool {
    matches!(view.all_pods(), Err(CheckOutcome::NotGiven(_))) || !view.pods(namespace).is_empty()
}

fn finding(service: &ServiceFacts, host: &str) -> Finding {
    let ServiceFacts { namespace, name, .. } = service;
    Finding {
        code: CHECK.code,
        confidence: Confidence::Inferred,
        level: Level::Warning,
        message: format!("service {namespace}/{name} is a name for {host}, which no ServiceEntry declares"),
        object: Place::new("Service", Some(namespace), name).field("spec.externalName", host),
        evidence: Vec::new(),
        consequence: format!(
            "calls from {namespace} to {name}.{namespace} are refused under REGISTRY_ONLY: HTTP gets 502, all else is reset"
        ),
        fix: fixes::add_for(
            host,
            Some(namespace),
            "declares the host, and routes its calls through the gateway",
        ),
    }
}
