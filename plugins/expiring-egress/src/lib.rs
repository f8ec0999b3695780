//! Every egress has a reason and a last day: `--reason "INC-42, until 2027-01-31"`.
//!
//! The reason is stored with the objects, so an audit finds expired egresses. They are not removed automatically, and
//! calls through them still work.
#![cfg_attr(target_family = "wasm", no_std)]

use egress_policy_sdk::date::Date;
use egress_policy_sdk::prelude::*;

/// What the configuration file says.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// How many days ahead the last day may be.
    max_days: u32,
    /// How many days before the last day the warnings begin.
    warn_days: u32,
    /// Hosts that need no last day.
    except: Vec<HostGlob>,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { max_days: 90, warn_days: 14, except: Vec::new() }
    }
}

/// The policy.
pub struct ExpiringEgress;

const NO_REASON: &str = "reason-missing";
const NO_LAST_DAY: &str = "last-day-missing";
const TOO_FAR: &str = "last-day-too-far";
const EXPIRED: &str = "expired";
const SOON: &str = "expires-soon";
/// The word before the last day.
const UNTIL: &str = "until";

impl Policy for ExpiringEgress {
    type Settings = Settings;
    const ID: &'static str = env!("CARGO_PKG_NAME");
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = env!("CARGO_PKG_DESCRIPTION");
    const NEEDS: &'static [Need] = &[Need::Now];
    const RULES: &'static [Rule] = &[
        Rule::new(NO_REASON, "The egress has no reason"),
        Rule::new(NO_LAST_DAY, "The reason has no last day"),
        Rule::new(TOO_FAR, "The last day is too far ahead"),
        Rule::new(EXPIRED, "The last day has passed"),
        Rule::new(SOON, "The last day is near"),
    ];
    const SETTINGS_SCHEMA: Option<&'static str> = Some(include_str!("../settings.schema.json"));
}

impl HostPolicy for ExpiringEgress {
    fn decide(request: &Request, settings: &Settings) -> Result<Verdict, Failure> {
        let today = Date::of(request.now()?);
        let furthest = today.plus_days(settings.max_days.into());
        let reason = request.justification.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        let mut verdict = Verdict::default();
        for destination in request.destinations() {
            let host = &destination.host;
            if settings.except.iter().any(|glob| glob.matches(host)) {
                continue;
            }
            let how = format!("--reason \"TICKET, {UNTIL} {furthest}\"");
            let finding = match reason.map(last_day) {
                None => verdict.deny(destination, NO_REASON, format!("the egress to {host} has no reason")),
                Some(None) => {
                    let message = format!("the reason for {host} has no last day");
                    verdict.deny(destination, NO_LAST_DAY, message)
                }
                Some(Some(last)) if last < today => {
                    let message = format!("the egress to {host} ended on {last}");
                    verdict.deny(destination, EXPIRED, message)
                }
                Some(Some(last)) if last > furthest => {
                    let message = format!("{last} is more than {} days ahead", settings.max_days);
                    verdict.deny(destination, TOO_FAR, message)
                }
                Some(Some(last)) if last <= today.plus_days(settings.warn_days.into()) => {
                    verdict.warn(destination, SOON, format!("the egress to {host} ends on {last}"))
                }
                Some(Some(_)) => continue,
            };
            finding.path("justification").remediation(how);
        }
        Ok(verdict)
    }
}

export_policy!(ExpiringEgress: hosts);

/// The first date after the word.
fn last_day(reason: &str) -> Option<Date> {
    let mut words = reason.split([' ', ',', ';', '\n', '\t']).filter(|word| !word.is_empty());
    while let Some(word) = words.next() {
        if word.eq_ignore_ascii_case(UNTIL) {
            return Date::parse(words.next()?.trim_end_matches('.'));
        }
    }
    None
}

#[cfg(test)]
mod tests;
