//! Rules and servers of other namespaces that answer for the host at the gateway.
//!
//! Judged is what the gateway's Envoys would have after the write: the routes of all objects together, not whether ours are
//! among them.

use super::context::Context;
use super::finding::{Conflict, Severity, conflict};
use crate::command::ShellCommand;
use crate::dialect::shared;
use crate::inventory::state;
use crate::istio::takeover::{self, Party, Stranger, TakeoverEffect, strangers};
use crate::resource::{ObjectId, Resource};
use crate::role::Kind;

pub(super) fn conflicts<'a>(context: &Context<'_, 'a>) -> Vec<Conflict> {
    let intent = &context.record.intent;
    let wanted: Vec<Resource> =
        context.wanted.iter().map(|part| as_stored(&part.resource, context)).collect();
    let service = intent.gateway.service_host(&context.snapshot.mesh.cluster_domain);
    let hop_name = shared::hop_name(&service);
    let with_own = |kind: Kind, of_hosts: &dyn Fn(&str) -> Vec<&'a Resource>, hosts: &[&str]| {
        let own = wanted.iter().filter(|resource| resource.id.kind == kind);
        let mut others: Vec<&Resource> =
            context.others(hosts.iter().flat_map(|host| of_hosts(host))).collect();
        others.sort_by_key(|resource| &resource.id);
        others.dedup_by_key(|resource| &resource.id);
        own.chain(others).collect::<Vec<_>>()
    };
    let servers = |host: &str| context.cluster.gateways(host);
    let routes = |host: &str| context.cluster.virtual_services(host);
    let at_gateway = takeover::AtGateway {
        host: context.host(),
        gateway: context.gateway,
        gateways: with_own(Kind::Gateway, &servers, &[context.host(), &hop_name, &service]),
        virtual_services: with_own(Kind::VirtualService, &routes, &[context.host(), &hop_name]),
        hop_name,
        service,
    };
    let siblings = siblings(context);
    let party = |resource: &Resource| {
        let namespace = &resource.id.namespace;
        let trusted = [&intent.namespace, &intent.gateway.namespace, &context.snapshot.mesh.root_namespace];
        if context.is_wanted(resource) {
            Party::Own
        } else if trusted.contains(&namespace) || siblings.contains(&&resource.id) {
            Party::Trusted
        } else {
            Party::Stranger
        }
    };
    let is_first = context.wanted.iter().any(|part| {
        part.role == context.dialect().gateway_routes && context.cluster.find(&part.resource.id).is_none()
    });
    strangers(&at_gateway, &party).iter().map(|stranger| told(stranger, context, is_first)).collect()
}

/// An object as it will stand: an object that exists keeps its age.
fn as_stored(wanted: &Resource, context: &Context<'_, '_>) -> Resource {
    let live = context.cluster.find(&wanted.id).and_then(|found| found.live.clone());
    Resource { live, ..wanted.clone() }
}

/// The objects of other namespaces' egresses of this host that are what their records ask for.
fn siblings<'a>(context: &Context<'_, 'a>) -> Vec<&'a ObjectId> {
    let others =
        context.egresses.iter().filter(|egress| state::is_genuine_at_gateway(egress, context.snapshot));
    others.flat_map(|egress| &egress.parts).map(|part| &part.resource.id).collect()
}

fn told(stranger: &Stranger<'_>, context: &Context<'_, '_>, is_first: bool) -> Conflict {
    let Stranger { resource, protocol, .. } = stranger;
    let (host, gateway) = (context.host(), &context.record.intent.gateway);
    let message = match stranger.effect {
        TakeoverEffect::Decides => {
            format!(
                "takes over {protocol} calls to `{host}` at gateway {gateway}, before the routes of this egress"
            )
        }
        TakeoverEffect::Breaks => format!(
            "has the SNI `{host}` on the same port of gateway {gateway}: Envoy would reject the listener"
        ),
        TakeoverEffect::Waits => format!(
            "has routes for {protocol} calls to `{host}` at gateway {gateway}: they apply whenever those of this egress are missing"
        ),
    };
    let refuses = is_first || stranger.effect != TakeoverEffect::Waits;
    let severity = if refuses { Severity::Refusal } else { Severity::Warning };
    let shown = ShellCommand::show(&resource.id.kind.qualified(), &resource.id.name, &resource.id.namespace);
    let hint = format!("find out why it exists, and remove it: `{shown}`");
    conflict(severity, resource, &stranger.field, message, hint)
}
