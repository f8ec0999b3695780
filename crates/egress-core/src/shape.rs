//! From a request to the objects that fulfil it: one file per layout.
//!
//! Pure and total: what a layout cannot do is refused first, with a reason. Knows nothing of what already exists.

use thiserror::Error;

pub(crate) use self::legs::INSIDE_HEADERS;

use crate::intent::GatewayName;
use crate::metadata::{self, Record};
use crate::port::Protocol;
use crate::resource::{ObjectId, Resource, Spec};
use crate::role::Role;
use crate::snapshot::{GatewayFacts, MeshFacts};

pub(crate) mod documented;
pub mod dress;
pub mod earlier;
mod legs;
pub mod shared;

/// The gateway Service's port for HTTP, as in Istio's charts.
pub const HTTP_HOP: u16 = 80;
/// The gateway Service's port for TLS, as in Istio's charts.
pub const TLS_HOP: u16 = 443;

/// One object and the part it plays.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The part.
    pub role: Role,
    /// The object.
    pub resource: Resource,
}

/// Why a layout cannot fulfil a request.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// The shared pair terminates mesh mTLS on its HTTP port.
    #[error("`--hop plain` needs `--layout documented`: the shared layout sends HTTP inside mesh mTLS")]
    PlainNeedsDocumented,
    /// The gateway routes TLS only by SNI.
    #[error(
        "host `{host}` has {count} TLS ports; a gateway routes TLS only by host name, so only one port is possible"
    )]
    SeveralTlsPorts {
        /// The host.
        host: String,
        /// How many TLS ports were asked for.
        count: usize,
    },
    /// The Service lacks the port the hop needs.
    #[error("Service `{gateway}` has no port {port}, which {protocol} hosts need")]
    NoServicePort {
        /// The gateway's Service.
        gateway: GatewayName,
        /// The missing port.
        port: u16,
        /// What would use it.
        protocol: Protocol,
    },
    /// A Gateway object that selects nothing in particular configures every proxy of the mesh.
    #[error("Service `{0}` selects no pods by labels; a Gateway object for it would configure every gateway")]
    NoSelector(GatewayName),
    /// A DestinationRule is looked up in the caller's namespace, the Service's and the root namespace only.
    #[error(
        "`--export-to` needs `--layout shared`: the documented layout works only in its own namespace, found \
         `--export-to {0}`"
    )]
    DocumentedIsLocal(String),
}

/// The objects of a request, in the order of writing.
///
/// # Errors
/// [`Refusal`] when the layout cannot do what was asked.
pub fn build(record: &Record, gateway: &GatewayFacts, mesh: &MeshFacts) -> Result<Vec<Part>, Refusal> {
    accept(record, gateway)?;
    Ok((record.intent.layout.dialect().objects)(record, gateway, mesh))
}

impl Part {
    /// An object of one host, in the namespace of its callers.
    fn of_host(record: &Record, role: Role, spec: Spec) -> Self {
        let intent = &record.intent;
        let resource = Resource {
            id: ObjectId {
                kind: role.kind(),
                namespace: intent.namespace.clone(),
                name: record.names.object(intent, role),
            },
            labels: metadata::labels(),
            annotations: metadata::annotations(Some(intent.host.as_str()), role),
            spec,
            live: None,
        };
        Part { role, resource }
    }
}

fn accept(record: &Record, gateway: &GatewayFacts) -> Result<(), Refusal> {
    let intent = &record.intent;
    (intent.layout.dialect().accept)(intent.hop, &intent.export_to)?;
    if gateway.selector.is_empty() {
        return Err(Refusal::NoSelector(gateway.name.clone()));
    }
    let count = intent.ports_of(Protocol::Tls).count();
    if count > 1 {
        return Err(Refusal::SeveralTlsPorts { host: intent.host.to_string(), count });
    }
    for (protocol, port) in [(Protocol::Http, HTTP_HOP), (Protocol::Tls, TLS_HOP)] {
        if intent.ports_of(protocol).next().is_some() && gateway.port(port).is_none() {
            return Err(Refusal::NoServicePort { gateway: gateway.name.clone(), port, protocol });
        }
    }
    Ok(())
}
