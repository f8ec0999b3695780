//! A call that a request is for, and whether a way fulfils it.

use std::net::IpAddr;

use super::target_call::{Spoken, TargetCall};
use crate::dialect::Part;
use crate::intent::Intent;
use crate::istio::call::{End, Passage};
use crate::port::Port;
use crate::snapshot::GatewayFacts;

/// A call that must leave through a gateway.
pub(super) struct WantedCall<'a> {
    pub(super) intent: &'a Intent,
    pub(super) parts: &'a [Part],
    pub(super) gateway: &'a GatewayFacts,
    pub(super) port: Port,
    /// The namespace of the caller.
    pub(super) namespace: &'a str,
    /// The calling pod: `namespace/name`.
    pub(super) caller: &'a str,
    /// The address that another object gives the host; none: one that no object names.
    pub(super) address: Option<IpAddr>,
}

impl WantedCall<'_> {
    /// What is called.
    pub(super) fn target(&self) -> TargetCall {
        TargetCall {
            host: self.intent.host.to_string(),
            port: self.port.number,
            kind: Spoken::of(self.port.protocol),
            address: self.address,
        }
    }

    /// Whether this way leads through the gateway's pods to the host.
    pub(super) fn is_fulfilled_by(&self, passage: &Passage) -> bool {
        let last = passage.hops.last().map(|hop| hop.proxy.as_str());
        let is_gateway = self
            .gateway
            .pods
            .iter()
            .any(|pod| last.and_then(|last| last.split_once('/')) == Some((&pod.namespace, &pod.name)));
        let reaches = |to: &str, port: u16| {
            to.eq_ignore_ascii_case(self.intent.host.as_str()) && port == self.port.number
        };
        is_gateway && matches!(&passage.end, End::Leaves { to, port } if reaches(to, *port))
    }
}
