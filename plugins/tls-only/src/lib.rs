//! No plaintext. HTTP is denied, or allowed with a warning; then it uses mesh mTLS as far as the gateway.
//!
//! With `identity`, the application's TLS must use mesh mTLS to the gateway too, so that the gateway knows every caller.
//! The policy says nothing about the connection from the gateway to the host.
#![cfg_attr(target_family = "wasm", no_std)]

use egress_policy_sdk::prelude::*;

/// What the configuration file says.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// What becomes of HTTP.
    http: Http,
    /// Hosts that may be called with HTTP.
    except: Vec<HostGlob>,
    /// The gateway must know the caller of TLS too.
    identity: bool,
}

/// What becomes of HTTP.
#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
enum Http {
    /// It is denied.
    #[default]
    Deny,
    /// It is allowed with a warning.
    Warn,
}

/// The policy.
pub struct TlsOnly;

const CLEAR_TEXT: &str = "clear-text";

impl Policy for TlsOnly {
    type Settings = Settings;
    const ID: &'static str = env!("CARGO_PKG_NAME");
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = env!("CARGO_PKG_DESCRIPTION");
    const RULES: &'static [Rule] = &[Rule::new(CLEAR_TEXT, "The call leaves the mesh without TLS")];
    const SETTINGS_SCHEMA: Option<&'static str> = Some(include_str!("../settings.schema.json"));
}

impl HostPolicy for TlsOnly {
    fn decide(request: &Request, settings: &Settings) -> Result<Verdict, Failure> {
        let mut verdict = Verdict::default();
        for destination in request.destinations() {
            if destination.protocol == "TLS" {
                verdict.routes(
                    destination,
                    if settings.identity { &["mtls"] } else { &["mtls", "passthrough"] },
                );
                continue;
            }
            // Plaintext to the host, but mesh mTLS as far as the gateway.
            verdict.routes(destination, &["mtls"]);
            if settings.except.iter().any(|glob| glob.matches(&destination.host)) {
                verdict.explain(CLEAR_TEXT, "pass", format!("{} is an exception", destination.host));
                continue;
            }
            let message =
                format!("calls to {} on port {} leave without TLS", destination.host, destination.port);
            let remediation = format!(
                "configure the application to call https://{0}, and add {0}:443/TLS",
                destination.host
            );
            let finding = match settings.http {
                Http::Deny => verdict.deny(destination, CLEAR_TEXT, message),
                Http::Warn => verdict.warn(destination, CLEAR_TEXT, message),
            };
            finding.path(destination.path("protocol")).remediation(remediation);
        }
        Ok(verdict)
    }
}

export_policy!(TlsOnly: hosts);

#[cfg(test)]
mod tests;
