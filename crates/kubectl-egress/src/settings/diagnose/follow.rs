//! The ports whose calls are shown: those that were typed.

use std::collections::BTreeSet;

use egress_core::port::{Port, Protocol};
use egress_core::target::Target;
use egress_diagnose::calls::{HostToFollow, SpokenProtocol};

use crate::cli;
use crate::exit::Failure;

/// The hosts with their ports; none without `--path`. A host without a port has the two of every host without one, and then
/// its own are meant.
pub(super) fn resolve(
    typed: &cli::diagnose::Diagnose,
    targets: &[Target],
) -> Result<Vec<HostToFollow>, Failure> {
    if !typed.path {
        return Ok(Vec::new());
    }
    if let Some(format @ ("junit" | "sarif")) = typed.reporting.output.as_deref() {
        return Err(Failure::usage(
            format!("`--path` cannot be written as {format}, which has only findings"),
            "leave out `-o` for a picture, or use `-o json`, `-o yaml` or `-o jsonpath=TEMPLATE`",
        ));
    }
    let usual = BTreeSet::from([Port::HTTP, Port::TLS]);
    let host = |target: &Target| HostToFollow {
        host: target.host.clone(),
        ports: if target.ports == usual {
            Vec::new()
        } else {
            target.ports.iter().copied().map(asked).collect()
        },
    };
    Ok(targets.iter().map(host).collect())
}

fn asked(port: Port) -> (u16, SpokenProtocol) {
    let protocol = match port.protocol {
        Protocol::Http => SpokenProtocol::Http,
        Protocol::Tls => SpokenProtocol::Tls,
    };
    (port.number, protocol)
}
