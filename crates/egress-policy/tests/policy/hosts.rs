//! Hosts: `case.yaml` holds layers, answers and a request.

use std::path::Path;

use egress_policy::hosts::decide;
use egress_policy::report::Status;
use egress_policy::request::Request;
use serde::Deserialize;
use serde_json::json;

use crate::policy_set::Policies;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    policies: Policies,
    request: Request,
    now: Option<String>,
}

pub(crate) fn outcome(case: &Path) -> Result<String, String> {
    let case: Case =
        serde_yaml::from_str(&crate::read(case, "case.yaml")?).map_err(|error| error.to_string())?;
    let policies = match case.policies.read() {
        Ok(policies) => policies,
        Err(problem) => return Ok(problem),
    };
    let now = case.now.map(|now| now.parse().expect("the moment of the case is one"));
    let evaluation = decide(&policies, &case.request, now);
    let exit = match evaluation.status() {
        Status::Allowed => 0,
        Status::Denied => 4,
        Status::Undecided => 9,
    };
    crate::json(&json!({ "exit": exit, "judgement": evaluation }))
}
