//! Why a layout cannot do what was asked for.

use thiserror::Error;

use crate::intent::{GatewayName, Layout};
use crate::port::Protocol;

/// Why a layout cannot fulfil a request.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// The shared Gateway terminates mesh mTLS on its HTTP port.
    #[error("`--hop plain` needs `--layout documented`: the {layout} layout sends HTTP inside mesh mTLS")]
    PlainNeedsDocumented {
        /// The layout that was asked for.
        layout: Layout,
    },
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
    #[error("Service `{gateway}` has no port {port}, which {protocol} hosts need: add it to spec.ports")]
    NoServicePort {
        /// The gateway's Service.
        gateway: GatewayName,
        /// The missing port.
        port: u16,
        /// What would use it.
        protocol: Protocol,
    },
    /// Sidecars would look up the name of the Service and get the pods, which do not have its ports.
    #[error("Service `{0}` has no address of its own (clusterIP None), which the endpoints layout needs")]
    Headless(GatewayName),
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
