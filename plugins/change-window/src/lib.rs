//! No changes outside the change windows or during a freeze.
//!
//! Hours and days are in UTC. An audit checks existing egresses at any time, so the windows do not apply to it. They do
//! not apply to changes without kubectl-egress either.
#![cfg_attr(target_family = "wasm", no_std)]

use egress_policy_sdk::date::{self, Date, WEEKDAYS};
use egress_policy_sdk::prelude::*;

/// What the configuration file says.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Settings {
    /// When changes are allowed; without windows, at any time.
    windows: Vec<Window>,
    /// Days without changes.
    freezes: Vec<Freeze>,
    /// Groups that may make changes at any time; the result says so.
    exempt_groups: Vec<String>,
}

/// Hours of some days of the week.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Window {
    /// Of mon, tue, wed, thu, fri, sat, sun.
    days: Vec<String>,
    /// When it opens, such as 08:00.
    from: String,
    /// When it closes, such as 18:00; 24:00 is the end of the day.
    until: String,
}

/// Days without changes.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Freeze {
    /// The first day.
    from: Date,
    /// The last day.
    until: Date,
    /// Why.
    reason: String,
}

/// The policy.
pub struct ChangeWindow;

const FROZEN: &str = "frozen";
const CLOSED: &str = "outside-window";
const EXEMPT: &str = "exempt";

impl Policy for ChangeWindow {
    type Settings = Settings;
    const ID: &'static str = env!("CARGO_PKG_NAME");
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const TITLE: &'static str = env!("CARGO_PKG_DESCRIPTION");
    const NEEDS: &'static [Need] = &[Need::Now, Need::Groups];
    const VERBS: &'static [Verb] = &[Verb::Add, Verb::Remove];
    const RULES: &'static [Rule] = &[
        Rule::new(FROZEN, "Changes are frozen today"),
        Rule::new(CLOSED, "No change window is open now"),
        Rule::new(EXEMPT, "A member of an exempt group may make the change anyway"),
    ];
    const SETTINGS_SCHEMA: Option<&'static str> = Some(include_str!("../settings.schema.json"));

    fn check_settings(settings: &Settings) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (index, window) in settings.windows.iter().enumerate() {
            let known = window.days.iter().all(|day| WEEKDAYS.contains(&day.as_str()));
            let hours = (date::minutes(&window.from), date::minutes(&window.until));
            if !known || !matches!(hours, (Some(from), Some(until)) if from < until) {
                let message = "a window needs days such as `mon`, and hours such as `08:00` to `18:00`";
                let mut finding = Finding::deny("invalid-window", message);
                finding.path(format!("settings.windows[{index}]"));
                findings.push(finding);
            }
        }
        findings
    }
}

impl HostPolicy for ChangeWindow {
    fn decide(request: &Request, settings: &Settings) -> Result<Verdict, Failure> {
        let mut verdict = Verdict::default();
        if request.verb == "audit" {
            return Ok(verdict);
        }
        let now = request.now()?;
        let Some(mut finding) = objection(now, settings) else { return Ok(verdict) };
        if let Some(group) = request.groups.iter().find(|group| settings.exempt_groups.contains(group)) {
            let message = format!("{}, but group {group} is exempt", finding.message);
            finding = Finding::warn(EXEMPT, message);
        }
        verdict.findings.push(finding);
        Ok(verdict)
    }
}

export_policy!(ChangeWindow: hosts);

/// Why a change is denied at this moment.
fn objection(now: u64, settings: &Settings) -> Option<Finding> {
    let today = Date::of(now);
    if let Some(freeze) = settings.freezes.iter().find(|freeze| (freeze.from..=freeze.until).contains(&today))
    {
        let mut finding =
            Finding::deny(FROZEN, format!("changes are frozen until {}: {}", freeze.until, freeze.reason));
        finding.remediation(format!("make the change on {} or later", freeze.until.plus_days(1)));
        return Some(finding);
    }
    if settings.windows.is_empty() || settings.windows.iter().any(|window| window.is_open(now)) {
        return None;
    }
    let windows: Vec<String> = settings.windows.iter().map(Window::in_words).collect();
    let mut finding = Finding::deny(CLOSED, "no change window is open now");
    finding.remediation(format!("make the change in a window: {} (UTC)", windows.join("; ")));
    Some(finding)
}

impl Window {
    fn is_open(&self, now: u64) -> bool {
        let minute = now % date::DAY / 60;
        let day = WEEKDAYS[Date::of(now).weekday()];
        let opens = date::minutes(&self.from).is_some_and(|from| from <= minute);
        let closes = date::minutes(&self.until).is_some_and(|until| minute < until);
        opens && closes && self.days.iter().any(|open| open == day)
    }

    fn in_words(&self) -> String {
        format!("{} {}-{}", self.days.join(","), self.from, self.until)
    }
}

#[cfg(test)]
mod tests;
