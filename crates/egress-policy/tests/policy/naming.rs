//! Names: `case.yaml` holds layers, answers, a request and the objects to name.

use std::path::Path;

use egress_policy::naming::{Clash, name};
use egress_policy::request::{Request, Slot};
use serde::Deserialize;
use serde_json::json;

use crate::policy_set::Policies;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    policies: Policies,
    request: Request,
    slots: Vec<Slot>,
}

pub(crate) fn outcome(case: &Path) -> Result<String, String> {
    let case: Case =
        serde_yaml::from_str(&crate::read(case, "case.yaml")?).map_err(|error| error.to_string())?;
    let policies = match case.policies.read() {
        Ok(policies) => policies,
        Err(problem) => return Ok(problem),
    };
    let naming = name(&policies, &case.request, &case.slots);
    let remedies: Vec<String> = naming.clashes.iter().map(Clash::remedy).collect();
    crate::json(&json!({ "status": naming.status(), "naming": naming, "remedies": remedies }))
}
