//! A call as a gateway's authorization sees it.

/// Who calls what, by which way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<'a> {
    /// The namespace of the caller.
    pub(crate) namespace: &'a str,
    /// Its service account; none where no pod tells.
    pub(crate) account: Option<&'a str>,
    /// Whether the gateway learns both.
    pub(crate) has_identity: bool,
    /// Whether the gateway reads the call as HTTP.
    pub(crate) is_http: bool,
    /// The host that is called.
    pub(crate) host: &'a str,
    /// The port that the application dials; none where the route takes any.
    pub(crate) port: Option<u16>,
    /// The port of the gateway's pods.
    pub(crate) listens_on: i64,
    /// The server name of the connection.
    pub(crate) sni: Option<&'a str>,
}
