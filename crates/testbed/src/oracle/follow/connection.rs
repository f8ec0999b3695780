//! A connection as a listener sees it, and what is on it. Knows nothing of listeners.

use std::net::IpAddr;

use egress_core::istio::call::Speaks;

/// A connection to a proxy.
#[derive(Debug, Clone)]
pub(super) struct OpenedConnection {
    /// The address that it was opened to: before it was captured, where it was.
    pub(super) address: IpAddr,
    /// Its port.
    pub(super) port: u16,
    /// The address that opened it.
    pub(super) source: Option<IpAddr>,
    /// What is on it.
    pub(super) content: Content,
}

/// Layers of TLS around what is said.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// `GET /` for this authority.
    Http { authority: String },
    /// Neither HTTP nor TLS.
    Bytes,
    /// TLS.
    Tls { hello: Hello, inside: Box<Content> },
}

/// What is readable of TLS.
#[derive(Debug, Clone)]
pub(super) struct Hello {
    /// The server name, in lower case as Envoy compares it.
    pub(super) server_name: Option<String>,
    /// ALPN.
    pub(super) protocols: Vec<String>,
    /// Whether the client has a certificate of the mesh, and trusts no other.
    pub(super) is_mesh: bool,
}

impl Content {
    /// What an application says. Its TLS is that of HTTPS: where a gateway ends it, there is a request inside.
    pub(super) fn of(speaks: &Speaks) -> Self {
        match speaks {
            Speaks::Http { authority } => Self::Http { authority: authority.clone() },
            Speaks::Tls { server_name } => Self::Tls {
                hello: Hello {
                    server_name: server_name.as_ref().map(|name| name.to_lowercase()),
                    protocols: vec!["h2".to_owned(), "http/1.1".to_owned()],
                    is_mesh: false,
                },
                inside: Box::new(Self::Http { authority: server_name.clone().unwrap_or_default() }),
            },
            Speaks::Bytes => Self::Bytes,
        }
    }

    /// The server name of the outermost TLS.
    pub(super) fn server_name(&self) -> Option<&str> {
        match self {
            Self::Tls { hello, .. } => hello.server_name.as_deref(),
            Self::Http { .. } | Self::Bytes => None,
        }
    }
}
