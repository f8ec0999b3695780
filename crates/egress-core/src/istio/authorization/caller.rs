//! A call as a gateway's authorization sees it.

/// Caller, host and connection of a call.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The namespace of the caller.
    pub namespace: &'a str,
    /// Its service account; none without a pod.
    pub account: Option<&'a str>,
    /// Whether the gateway knows both, from mTLS.
    pub has_identity: bool,
    /// Whether the gateway parses the call as HTTP.
    pub is_http: bool,
    /// The host that is called.
    pub host: &'a str,
    /// The port that the application calls; none if the route matches any.
    pub port: Option<u16>,
    /// The port of the gateway's pods.
    pub listens_on: i64,
    /// The SNI of the connection.
    pub sni: Option<&'a str>,
}
