//! No addresses, no metadata service, no private networks, no names of the cluster.
//!
//! An egress gateway is for external hosts: internal hosts are called directly. A name that resolves to a private address
//! is not found here, since a policy cannot use DNS.
#![cfg_attr(target_family = "wasm", no_std)]

use egress_policy_sdk::network::{self, Scope};
use egress_policy_sdk::prelude::*;

/// What the configuration file says.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// Networks whose addresses may be called, such as `203.0.113.0/24`; the metadata service never.
    #[serde(deserialize_with = "network::list")]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    networks: Vec<IpNet>,
    /// Names that count as the cluster's or the organisation's own, beside `*.svc` and `*.cluster.local`.
    internal: Vec<HostGlob>,
}

/// The policy.
pub struct PrivateRanges;

const METADATA: &str = "metadata-service";
const PRIVATE: &str = "private-address";
const LITERAL: &str = "address-literal";
const INTERNAL: &str = "internal-name";

/// The addresses of the clouds' metadata services, which hand out credentials.
const METADATA_HOSTS: &[&str] = &[
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "fd00:ec2::254",
    "metadata",
    "metadata.google.internal",
];

impl Policy for PrivateRanges {
    type Settings = Settings;
    const ID: &'static str = env!("CARGO_PKG_NAME");
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = env!("CARGO_PKG_DESCRIPTION");
    const RULES: &'static [Rule] = &[
        Rule::new(METADATA, "A cloud's metadata service, which hands out credentials"),
        Rule::new(PRIVATE, "An address of a private network, or of the machine itself"),
        Rule::new(LITERAL, "An address instead of a name"),
        Rule::new(INTERNAL, "A name inside the cluster or the organisation"),
    ];
    const SETTINGS_SCHEMA: Option<&'static str> = Some(include_str!("../settings.schema.json"));
}

impl HostPolicy for PrivateRanges {
    fn decide(request: &Request, settings: &Settings) -> Result<Verdict, Failure> {
        let mut verdict = Verdict::default();
        for destination in request.destinations() {
            if let Some((code, why, remediation)) = objection(&destination.host, settings) {
                let message = format!("{} {why}", destination.host);
                verdict.deny(destination, code, message).remediation(remediation);
            }
        }
        Ok(verdict)
    }
}

export_policy!(PrivateRanges: hosts);

/// Why a host is denied: the code, the reason, and what to do.
fn objection(host: &str, settings: &Settings) -> Option<(&'static str, &'static str, &'static str)> {
    let address = network::address(host).map(|address| address.to_canonical());
    let is_metadata =
        |known: &str| host == known || address.is_some_and(|found| network::address(known) == Some(found));
    if METADATA_HOSTS.iter().copied().any(is_metadata) {
        return Some((
            METADATA,
            "is a metadata service, which hands out credentials",
            "use the identity of the workload instead",
        ));
    }
    let Some(address) = address else {
        let internal = [".svc", ".cluster.local"].iter().any(|end| host.strip_suffix(end).is_some())
            || !host.contains('.')
            || settings.internal.iter().any(|glob| glob.matches(host));
        let remedy = "call it directly: internal hosts need no gateway";
        return internal.then_some((INTERNAL, "is an internal name", remedy));
    };
    if settings.networks.iter().any(|network| network.contains(&address)) {
        return None;
    }
    match network::scope(address) {
        Scope::Public => Some((LITERAL, "is an address, not a host name", "add the host by its name")),
        _ => Some((
            PRIVATE,
            "is not a public address",
            "call it directly, or add its network to the policy's settings",
        )),
    }
}

#[cfg(test)]
mod tests;
