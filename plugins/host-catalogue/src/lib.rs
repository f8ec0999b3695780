//! Only the services of a catalogue may be called, on their ports.
//!
//! The catalogue is in the settings. It does not say who may call which service.
#![cfg_attr(target_family = "wasm", no_std)]

use egress_policy_sdk::prelude::*;

/// What the configuration file says.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// The services, by name.
    catalogue: Map<Service>,
    /// Advice for denied users, such as "ask in #egress".
    ask: Option<String>,
}

/// One service that may be called.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Service {
    /// Its hosts.
    hosts: Vec<HostGlob>,
    /// The ports that may be called; 443 where none is named.
    #[serde(default = "https")]
    ports: Vec<u16>,
    /// Its owner.
    owner: Option<String>,
    /// Where it is described.
    docs: Option<String>,
}

/// The policy.
pub struct HostCatalogue;

const UNKNOWN_HOST: &str = "host-not-in-catalogue";
const UNKNOWN_PORT: &str = "port-not-in-catalogue";

impl Policy for HostCatalogue {
    type Settings = Settings;
    const ID: &'static str = env!("CARGO_PKG_NAME");
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = env!("CARGO_PKG_DESCRIPTION");
    const RULES: &'static [Rule] = &[
        Rule::new(UNKNOWN_HOST, "The host is not in the catalogue"),
        Rule::new(UNKNOWN_PORT, "The catalogue does not allow this port of the service"),
    ];
    const SETTINGS_SCHEMA: Option<&'static str> = Some(include_str!("../settings.schema.json"));
}

impl HostPolicy for HostCatalogue {
    fn decide(request: &Request, settings: &Settings) -> Result<Verdict, Failure> {
        let mut verdict = Verdict::default();
        for destination in request.destinations() {
            let of_host = |(_, service): &(&str, &Service)| {
                service.hosts.iter().any(|glob| glob.matches(&destination.host))
            };
            let services: Vec<_> = settings.catalogue.iter().filter(of_host).collect();
            let open = services.iter().find(|(_, service)| service.ports.contains(&destination.port));
            match (open, services.first()) {
                (Some((name, _)), _) => {
                    verdict.allow(destination);
                    verdict.explain("catalogue", "allow", format!("{} is {name}", destination.host));
                }
                (None, Some((name, service))) => {
                    let message = format!(
                        "{name} may be called on port {}, not on {}",
                        list(&service.ports),
                        destination.port
                    );
                    let finding = verdict.deny(destination, UNKNOWN_PORT, message);
                    finding.path(destination.path("port"));
                    if let Some(owner) = &service.owner {
                        finding.remediation(format!("ask {owner}, the owner of {name}"));
                    }
                    if let Some(docs) = &service.docs {
                        finding.docs(docs.as_str());
                    }
                }
                (None, None) => {
                    let message = format!("{} is not in the catalogue", destination.host);
                    let finding = verdict.deny(destination, UNKNOWN_HOST, message);
                    if let Some(ask) = &settings.ask {
                        finding.remediation(ask.as_str());
                    }
                }
            }
        }
        Ok(verdict)
    }
}

export_policy!(HostCatalogue: hosts);

fn https() -> Vec<u16> {
    vec![443]
}

fn list(ports: &[u16]) -> String {
    ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
