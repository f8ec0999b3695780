//! TLS servers that istiod drops because an older server has one of their hosts: the effect on traffic, and the fix.
//!
//! Two checks share this: one for servers of every host, one for servers of the same host.

use std::collections::BTreeSet;

use egress_core::snapshot::GatewayFacts;

use crate::finding::{Confidence, Finding, Fix, Level, Place};
use crate::fixes;
use crate::istio::listeners::{Follows, Server};
use crate::rules::check::Check;
use crate::traffic::routes::name_of;
use crate::traffic::server_merge::{Claim, DroppedServer, MergedServers, ServerUser, ServerUsers};
use crate::view::View;
use crate::wording::list;

/// Findings for the TLS servers that a gateway drops, if `concerns` is true for the host in conflict.
pub(crate) fn findings<'a>(
    check: &Check,
    view: &View<'a>,
    gateway: &GatewayFacts,
    concerns: impl Fn(&str) -> bool,
) -> Vec<Finding> {
    let merged = MergedServers::of(view, gateway);
    let concerned: Vec<(&DroppedServer<'a>, &str)> = merged
        .dropped
        .iter()
        .filter_map(|dropped| match &dropped.claim {
            Claim::Host(host) if concerns(host) => Some((dropped, host.as_str())),
            Claim::Host(_) | Claim::Port => None,
        })
        .collect();
    if concerned.is_empty() {
        return Vec::new();
    }
    let users = ServerUsers::new(view, gateway, &merged);
    let of = |(dropped, host): (&DroppedServer<'a>, &str)| {
        let server = &dropped.server;
        let (all, lost) = (users.of(server), users.lost(view, dropped));
        let mut evidence = vec![
            Place::of(&dropped.kept.object.id)
                .field(format!("{}.hosts", dropped.kept.field()), dropped.kept.spec.hosts.join(", "))
                .to_string(),
            format!(
                "both are TLS servers for `{host}` on port {}; istiod keeps the first",
                server.spec.port.number
            ),
        ];
        let bound: BTreeSet<String> = all.iter().map(|user| user.resource.id.to_string()).collect();
        evidence.extend(bound.into_iter().take(3).map(|resource| format!("{resource} is bound to it")));
        Finding {
            code: check.code,
            confidence: Confidence::Certain,
            level: if lost.is_empty() { Level::Warning } else { Level::Error },
            message: format!("istiod drops a server of gateway {}", name_of(server.object)),
            object: Place::of(&server.object.id)
                .field(format!("{}.hosts", server.field()), server.spec.hosts.join(", ")),
            evidence,
            consequence: consequence(dropped, &all, &lost),
            fix: fix(view, gateway, (&merged, dropped), &all),
        }
    };
    concerned.into_iter().map(of).collect()
}

fn consequence(dropped: &DroppedServer<'_>, all: &[ServerUser<'_>], lost: &[ServerUser<'_>]) -> String {
    let name = name_of(dropped.server.object);
    if lost.is_empty() {
        return if all.is_empty() {
            format!("routes bound to {name} will never get this port")
        } else {
            format!("its hosts work only through other routes: those bound to {name} have no effect")
        };
    }
    let hosts: BTreeSet<&str> = lost.iter().map(|user| user.host).collect();
    let hosts: Vec<&str> = hosts.into_iter().collect();
    let hosts = match hosts.as_slice() {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        few => list(few),
    };
    match dropped.server.follows() {
        Follows::Http if dropped.kept.follows() == Follows::Http => {
            format!("HTTP calls to {hosts} get 404 from the gateway")
        }
        Follows::Http => format!("HTTP calls to {hosts} fail with 503"),
        Follows::Tls | Follows::Tcp => format!("calls to {hosts} are reset by the gateway"),
    }
}

fn fix(
    view: &View<'_>,
    gateway: &GatewayFacts,
    (merged, dropped): (&MergedServers<'_>, &DroppedServer<'_>),
    all: &[ServerUser<'_>],
) -> Fix {
    let DroppedServer { server, kept, .. } = dropped;
    if all.is_empty() {
        return fixes::take_away(server, "removes the server, which has no effect and no users");
    }
    if all.iter().all(|user| takes_over(server, kept, user)) {
        return fixes::join(
            server,
            kept,
            all,
            "binds the routes to the server that istiod keeps, and removes the other",
        );
    }
    fixes::move_away(
        view,
        gateway,
        merged,
        server,
        all,
        "gives the server a port where no other server has its hosts",
    )
}

/// Whether the kept server can serve a user of the dropped one.
fn takes_over(dropped: &Server<'_>, kept: &Server<'_>, user: &ServerUser<'_>) -> bool {
    kept.follows() == dropped.follows()
        && kept.expects == dropped.expects
        && kept.admits(&user.resource.id.namespace, user.host)
        && (user.route.port.is_none() || kept.spec.port.number == dropped.spec.port.number)
}
