//! What istiod takes a port for: by the protocol of a ServiceEntry or Gateway, by the name or `appProtocol` of a Service.
//!
//! Follows `pkg/config/protocol/instance.go` and `pkg/config/kube/conversion.go`. Knows nothing of what is spoken there.

/// The protocol of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortProtocol {
    /// HTTP/1.1.
    Http,
    /// HTTP/2.
    Http2,
    /// A proxy that is asked by `CONNECT` or with whole URLs.
    HttpProxy,
    /// gRPC.
    Grpc,
    /// gRPC for browsers.
    GrpcWeb,
    /// TLS with HTTP in it.
    Https,
    /// TLS.
    Tls,
    /// Bytes.
    Tcp,
    /// MongoDB.
    Mongo,
    /// Redis.
    Redis,
    /// MySQL.
    MySql,
    /// Datagrams: no proxy takes them.
    Udp,
    /// Not said: the proxy looks at the first bytes.
    Unsaid,
}

/// The kind of listener that istiod makes for a port. `ModelProtocolToListenerProtocol` in
/// `pilot/pkg/networking/networking.go`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerProtocol {
    /// Of requests, one for all hosts of the port.
    Http,
    /// Of connections.
    Tcp,
    /// Of both.
    Auto,
    /// None.
    Nothing,
}

impl PortProtocol {
    /// The protocol that a ServiceEntry, a Gateway or a Sidecar names. `Parse`.
    pub fn parse(word: &str) -> Self {
        const WORDS: [(&str, PortProtocol); 12] = [
            ("http", PortProtocol::Http),
            ("http2", PortProtocol::Http2),
            ("http_proxy", PortProtocol::HttpProxy),
            ("grpc", PortProtocol::Grpc),
            ("grpc-web", PortProtocol::GrpcWeb),
            ("https", PortProtocol::Https),
            ("tls", PortProtocol::Tls),
            ("tcp", PortProtocol::Tcp),
            ("mongo", PortProtocol::Mongo),
            ("redis", PortProtocol::Redis),
            ("mysql", PortProtocol::MySql),
            ("udp", PortProtocol::Udp),
        ];
        let found = WORDS.iter().find(|(known, _)| word.eq_ignore_ascii_case(known));
        found.map_or(PortProtocol::Unsaid, |(_, protocol)| *protocol)
    }

    /// The protocol of a Service's port. `ConvertProtocol`.
    pub fn of_service_port(number: u16, name: &str, app_protocol: Option<&str>) -> Self {
        /// Ports on which the server speaks first, or might: they are never sniffed.
        const NEVER_SNIFFED: [u16; 4] = [25, 53, 3306, 27017];
        match app_protocol {
            Some("kubernetes.io/h2c") => return PortProtocol::Http2,
            Some("kubernetes.io/ws") => return PortProtocol::Http,
            Some("kubernetes.io/wss") => return PortProtocol::Https,
            _ => {}
        }
        let name = app_protocol.unwrap_or(name);
        if name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("grpc-web")) {
            return PortProtocol::GrpcWeb;
        }
        match PortProtocol::parse(name.split('-').next().unwrap_or_default()) {
            PortProtocol::Unsaid if NEVER_SNIFFED.contains(&number) => PortProtocol::Tcp,
            protocol => protocol,
        }
    }

    /// Whether requests are routed on it. `IsHTTP`.
    pub fn is_http(self) -> bool {
        matches!(
            self,
            PortProtocol::Http
                | PortProtocol::Http2
                | PortProtocol::HttpProxy
                | PortProtocol::Grpc
                | PortProtocol::GrpcWeb
        )
    }

    /// Whether connections begin with TLS. `IsTLS`.
    pub fn is_tls(self) -> bool {
        matches!(self, PortProtocol::Https | PortProtocol::Tls)
    }

    /// The kind of listener for it.
    pub fn listener(self) -> ListenerProtocol {
        match self {
            PortProtocol::Udp => ListenerProtocol::Nothing,
            PortProtocol::Unsaid => ListenerProtocol::Auto,
            protocol if protocol.is_http() => ListenerProtocol::Http,
            _ => ListenerProtocol::Tcp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_port_is_what_its_name_begins_with_unless_app_protocol_says_more() {
        let of = PortProtocol::of_service_port;
        assert_eq!(of(80, "http2-web", None), PortProtocol::Http2);
        assert_eq!(of(80, "grpc-web", None), PortProtocol::GrpcWeb);
        assert_eq!(of(80, "tcp", Some("https")), PortProtocol::Https);
        assert_eq!(of(80, "web", None), PortProtocol::Unsaid);
        assert_eq!(of(3306, "db", None), PortProtocol::Tcp);
        assert_eq!(of(443, "wss", Some("kubernetes.io/wss")), PortProtocol::Https);
    }
}
