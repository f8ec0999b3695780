//! A new request for a host that may already have an egress: what both together ask for.
//!
//! Adding is a union: ports are added, never taken away. What cannot be merged without cutting callers off is refused.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::host::DnsName;
use crate::intent::Intent;
use crate::metadata::Record;
use crate::port::Port;

/// Why a request cannot be merged with what exists.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MergeError {
    /// One port number with two protocols.
    #[error("host `{host}` already has port {found}; asked for {wanted}")]
    Protocol {
        /// The host.
        host: DnsName,
        /// What exists.
        found: Port,
        /// What was asked for.
        wanted: Port,
    },
    /// Callers that may use the egress now would no longer be allowed to.
    #[error(
        "host `{host}` is exported to `{found}`; asked for `{wanted}`, which would remove current callers"
    )]
    Narrower {
        /// The host.
        host: DnsName,
        /// Who may use it now.
        found: String,
        /// Who was asked for.
        wanted: String,
    },
}

/// What to do with a request in the light of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// The egress is new or is widened: written in place.
    InPlace(Record),
    /// Hop, gateway or layout change, so that old and new objects would hide each other: the old ones are removed first.
    Replace(Record),
}

/// Merges a request with the record of the same host and namespace, if there is one. Who added it first, and when, stays.
///
/// # Errors
/// [`MergeError`] when one port would have two protocols, or callers would be cut off.
pub fn merge(asked: Record, found: Option<&Record>) -> Result<Merged, MergeError> {
    let Some(found) = found else { return Ok(Merged::InPlace(asked)) };
    let ports = merge_ports(&asked.intent, &found.intent)?;
    let same = asked.intent.layout.dialect().may_stand_beside(found.intent.layout.dialect())
        && asked.intent.hop == found.intent.hop
        && asked.intent.gateway == found.intent.gateway;
    if !covers(&asked.intent.export_to, &found.intent.export_to, &asked.intent.namespace) {
        return Err(MergeError::Narrower {
            host: asked.intent.host,
            found: found.intent.export_to.join(","),
            wanted: asked.intent.export_to.join(","),
        });
    }
    let record = Record {
        names: asked.names,
        added_at: found.added_at,
        added_by: found.added_by.clone(),
        intent: Intent {
            ports,
            reason: asked.intent.reason.or_else(|| found.intent.reason.clone()),
            ..asked.intent
        },
    };
    Ok(if same { Merged::InPlace(record) } else { Merged::Replace(record) })
}

fn merge_ports(asked: &Intent, found: &Intent) -> Result<BTreeSet<Port>, MergeError> {
    let clash = asked.ports.iter().find_map(|wanted| {
        let same = found.ports.iter().find(|port| port.number == wanted.number)?;
        (same.protocol != wanted.protocol).then_some((*same, *wanted))
    });
    match clash {
        Some((found, wanted)) => Err(MergeError::Protocol { host: asked.host.clone(), found, wanted }),
        None => Ok(asked.ports.union(&found.ports).copied().collect()),
    }
}

fn covers(wide: &[String], narrow: &[String], namespace: &str) -> bool {
    let named = |word: &String| if word == "." { namespace.to_owned() } else { word.clone() };
    let wide: BTreeSet<String> = wide.iter().map(named).collect();
    wide.contains("*") || narrow.iter().map(named).all(|word| wide.contains(&word))
}
