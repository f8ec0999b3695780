//! Requests as a policy reads them, and as a test writes them.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use crate::{Destination, Failure, Label, Need, Node, Request};

impl Request {
    /// A label of the callers' namespace.
    pub fn namespace_label(&self, key: &str) -> Option<&str> {
        find(&self.namespace_labels, key)
    }

    /// The time, in seconds since 1970. Without it a policy that needs it cannot decide.
    pub fn now(&self) -> Result<u64, Failure> {
        self.now.ok_or_else(|| Failure::MissingFact(Need::Now.word().to_owned()))
    }
}

impl Node {
    /// One of its labels.
    pub fn label(&self, key: &str) -> Option<&str> {
        find(&self.labels, key)
    }
}

impl Label {
    /// A label of this key and value.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Label { key: key.into(), value: value.into() }
    }
}

impl Destination {
    /// What `add HOST` asks for at this port: TLS passed through, and at port 80 HTTP inside mesh mTLS.
    pub fn new(host: &str, port: u16) -> Self {
        let (protocol, route) = if port == 80 { ("HTTP", "mtls") } else { ("TLS", "passthrough") };
        Destination { host: host.to_owned(), port, protocol: protocol.to_owned(), route: route.to_owned() }
    }
}

/// Nothing asked for, in the shared layout: what a test begins with.
impl Default for Request {
    fn default() -> Self {
        Request {
            verb: "add".to_owned(),
            destinations: Vec::new(),
            namespace: "default".to_owned(),
            export_to: Vec::new(),
            layout: "shared".to_owned(),
            justification: None,
            cluster: String::new(),
            settings: String::new(),
            explain: false,
            namespace_labels: Vec::new(),
            nodes: Vec::new(),
            existing: Vec::new(),
            user: None,
            groups: Vec::new(),
            now: None,
            facts: Vec::new(),
        }
    }
}

/// A node without labels, ready for pods.
impl Default for Node {
    fn default() -> Self {
        Node {
            name: String::new(),
            ready: true,
            schedulable: true,
            labels: Vec::new(),
            taints: Vec::new(),
            addresses: Vec::new(),
        }
    }
}

/// A label's value among others.
pub(crate) fn find<'l>(labels: &'l [Label], key: &str) -> Option<&'l str> {
    labels.iter().find(|label| label.key == key).map(|label| label.value.as_str())
}
