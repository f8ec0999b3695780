//! Whether the API server holds the rules of `guard`: one line.
//!
//! Knows wording only.

use egress_diagnose::report::GuardState;

use super::page::Page;

/// Writes it; files say nothing about the API server.
pub(super) fn write(page: &mut Page<'_>, state: Option<GuardState>) {
    let said = match state {
        None => return,
        Some(GuardState::Absent) => "none; what one would refuse: `kubectl egress guard plan`",
        Some(GuardState::Incomplete) => "incomplete; what is missing: `kubectl egress guard status`",
        Some(GuardState::Warn) => "warns only; to refuse: `kubectl egress guard apply --deny`",
        Some(GuardState::Deny) => "stands, and refuses what breaks its rules",
        Some(GuardState::Unknown) => "not known, since ValidatingAdmissionPolicies may not be listed",
    };
    page.wrapped("", &format!("guard: {said}"));
}
