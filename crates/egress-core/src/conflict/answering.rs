//! Who else answers for a host that this egress sends to: at the gateway for the host itself, in the callers' sidecars
//! for the gateway's Service.
//!
//! Clusters are called by hosts. Of two objects that declare one host istiod takes one, see
//! [`at_gateway`](service_entry::at_gateway), and nothing else in the proxy shows which. An entry that is younger than
//! ours loses only until ours is written again, so that age is no excuse here.

use super::context::Context;
use super::finding::{Conflict, Severity, conflict, refusal};
use crate::command::ShellCommand;
use crate::dialect::Upstream;
use crate::plan::rename;
use crate::resource::Resource;
use crate::role::Kind;
use crate::visibility::{exported_to, service_entry};

/// Where the hosts lie that we make up ourselves: nobody else has a use for one.
const OUR_DOMAIN: &str = ".egress.internal";

pub(super) fn conflicts(context: &Context<'_, '_>) -> Vec<Conflict> {
    let mut found = at_gateway(context);
    found.extend(wildcards(context));
    found.extend(gateway_service(context));
    found
}

/// The host that the gateway sends to, as its cluster is called.
fn upstream(context: &Context<'_, '_>) -> String {
    let intent = &context.record.intent;
    context.dialect().upstream_host(intent.host.as_str(), &intent.namespace)
}

fn at_gateway(context: &Context<'_, '_>) -> Vec<Conflict> {
    let intent = &context.record.intent;
    let upstream = upstream(context);
    let leftovers = rename::leftovers(intent, context.wanted, context.cluster);
    let is_leftover = |entry: &Resource| leftovers.iter().any(|(_, left)| left.id == entry.id);
    let entries = context.other_entries(&upstream).filter(|entry| service_entry::is_exact(entry, &upstream));
    let answers = entries.filter(|entry| !is_leftover(entry) && answers(entry, context));
    answers
        .map(|entry| match context.dialect().upstream {
            Upstream::OwnName => {
                let message = format!(
                    "declares `{upstream}`, the gateway's name for the host of this egress: calls would go to the \
                     addresses of this ServiceEntry"
                );
                refusal(entry, "spec.hosts", message, removal(entry))
            }
            Upstream::Host => {
                let message =
                    format!("also declares `{}`: the gateway would use the older of the two", context.host());
                let hint = "use `--layout shared`, which does not have this conflict, or remove the other ServiceEntry".to_owned();
                refusal(entry, "spec.hosts", message, hint)
            }
        })
        .collect()
}

/// Whether the gateway may use what an entry of its host says. istiod keeps the endpoints of one host and namespace
/// together, so that an entry beside ours adds its own, whoever sees it: `ServiceEntry` in
/// `pilot/pkg/serviceregistry/serviceentry/controller.go`.
fn answers(entry: &Resource, context: &Context<'_, '_>) -> bool {
    let intent = &context.record.intent;
    let Some(spec) = entry.service_entry() else { return false };
    let beside = entry.id.namespace == intent.namespace;
    let has_own_name = context.dialect().upstream == Upstream::OwnName;
    let adds = has_own_name || !service_entry::leads_to(spec, context.host(), context.host());
    (beside && adds) || exported_to(spec.export_to.as_deref(), &entry.id.namespace, &intent.gateway.namespace)
}

/// A wildcard makes a cluster of its own name, never one of a host below it (`GetDestinationCluster` in
/// `pilot/pkg/networking/core/route/route.go`): it cannot answer. Over names that only we make up it was written for no
/// good.
fn wildcards(context: &Context<'_, '_>) -> Vec<Conflict> {
    let upstream = upstream(context);
    let is_ours = |host: &String| host.to_ascii_lowercase().ends_with(OUR_DOMAIN);
    let over = |entry: &&Resource| {
        let hosts = entry.service_entry().into_iter().flat_map(|spec| &spec.hosts);
        let mut covering = hosts.filter(|host| crate::visibility::host_matches(host, &upstream));
        covering.any(|host| host.starts_with('*') && is_ours(host))
            && !service_entry::is_exact(entry, &upstream)
    };
    let message = || {
        format!(
            "is a wildcard over `{upstream}`, which only this tool uses: it does not take over that host, but \
                     has no other use"
        )
    };
    let hint = || "find out who wrote it, and remove it".to_owned();
    let found = context.other_entries(&upstream).filter(over);
    found.map(|entry| conflict(Severity::Warning, entry, "spec.hosts", message(), hint())).collect()
}

/// For the gateway's Service: an entry in the callers' own namespace comes before it, and in versions of Istio that do
/// not put Services first (`PILOT_UNIFIED_SIDECAR_SCOPE=false`) so does an older one of anybody.
fn gateway_service(context: &Context<'_, '_>) -> Vec<Conflict> {
    let host = context.record.intent.gateway.service_host(&context.snapshot.mesh.cluster_domain);
    let entries = context.other_entries(&host).filter(|entry| service_entry::is_exact(entry, &host));
    let seen = entries.filter(|entry| {
        let export_to = entry.service_entry().and_then(|spec| spec.export_to.as_deref());
        context.callers.iter().any(|caller| exported_to(export_to, &entry.id.namespace, caller))
    });
    seen.map(|entry| {
        let message = format!(
            "declares `{host}`, the gateway's Service: callers would send to the addresses of this ServiceEntry"
        );
        refusal(entry, "spec.hosts", message, removal(entry))
    })
    .collect()
}

fn removal(entry: &Resource) -> String {
    let delete = ShellCommand::delete(&Kind::ServiceEntry.qualified(), &entry.id.name, &entry.id.namespace);
    format!("remove it: `{delete}`")
}
