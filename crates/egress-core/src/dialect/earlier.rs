//! The objects as earlier versions of this tool wrote them.
//!
//! Egresses of that shape work, and a younger rule of another namespace can take requests from them at the gateway: the next
//! `add` rewrites them. Knows nothing of the existing objects.

use super::documented::OWN_NAMESPACE;
use super::rules::undecided;
use crate::intent::GatewayTls;
use crate::resource::{Resource, Spec};

/// An object as an earlier version wrote it for a hop; none where it was written alike.
pub fn written(wanted: &Resource, hop: GatewayTls) -> Option<Resource> {
    if !matches!(wanted.spec, Spec::VirtualService(_) | Spec::Gateway(_)) {
        return None;
    }
    let mut earlier = wanted.clone();
    match &mut earlier.spec {
        Spec::VirtualService(spec) => spec.http.iter_mut().for_each(|rules| undecided(rules, hop)),
        Spec::Gateway(spec) => {
            for host in spec.servers.iter_mut().flatten().flat_map(|server| &mut server.hosts) {
                if let Some(bare) = host.strip_prefix(OWN_NAMESPACE) {
                    *host = bare.to_owned();
                }
            }
        }
        _ => {}
    }
    (earlier != *wanted).then_some(earlier)
}

/// Whether a live object is what an earlier version wrote.
pub fn is_earlier(wanted: &Resource, live: &Resource) -> bool {
    // Only the spec was another. Most objects are as today's version writes them: those need no copy to compare with.
    if wanted.spec == live.spec {
        return false;
    }
    let is = |hop| written(wanted, hop).is_some_and(|earlier| earlier.is_fulfilled_by(live));
    is(GatewayTls::Mtls) || is(GatewayTls::Plain)
}
