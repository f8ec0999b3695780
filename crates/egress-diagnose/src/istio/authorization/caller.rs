//! A call as a gateway's authorization sees it.

/// Caller, host and connection of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'a> {
    /// The namespace of the caller.
    pub(crate) namespace: &'a str,
    /// Its service account; none without a pod.
    pub(crate) account: Option<&'a str>,
    /// Whether the gateway knows both, from mTLS.
    pub(crate) has_identity: bool,
    /// Whether the gateway parses the call as HTTP.
    pub(crate) is_http: bool,
    /// The host that is called.
    pub(crate) host: &'a str,
    /// The port that the application calls; none if the route matches any.
    pub(crate) port: Option<u16>,
    /// The port of the gateway's pods.
    pub(crate) listens_on: i64,
    /// The SNI of the connection.
    pub(crate) sni: Option<&'a str>,
}
