//! DestinationRules: who may say how an upstream is spoken to.
//!
//! Knows the rules that `add` writes. istiod looks for one in the proxy's namespace, in the service's and in the root
//! namespace only (`push_context.go`, `destinationRule`), so that a stranger's would not be found; it is refused all the
//! same, since a later istiod may look elsewhere.

use serde_json::{Value, json};

use super::common::{self, is_below, is_outside, is_own, only as only_cel};
use super::judge::{self, Judged, items, only, single, string};
use super::rule::GuardRule;
use super::scope::Guard;
use crate::admission::{AdmissionPolicy, Clause, ResourceRule, list};
use crate::role::{Kind, Role};

pub(super) fn policy(guard: &Guard) -> AdmissionPolicy {
    let namespaces = list(guard.namespaces());
    let services = guard.service_hosts();
    let mut variables = common::variables();
    variables.extend([
        Clause::new("to", "variables.spec.?host.orValue('')"),
        Clause::new(
            "ours",
            format!(
                "{} && variables.to in {} && size(variables.spec.?subsets.orValue([])) == 1 && {} && {}",
                only_cel("variables.spec", &["host", "exportTo", "subsets"]),
                list(services.iter().map(String::as_str)),
                only_cel("variables.spec.subsets[0]", &["name", "trafficPolicy"]),
                only_cel("variables.spec.subsets[0].?trafficPolicy.orValue({})", &["portLevelSettings"]),
            ),
        ),
    ]);
    let hop = format!(
        "variables.to == variables.host && {} && {} && {}",
        is_outside("variables.host"),
        only_cel("variables.spec", &["host", "exportTo", "trafficPolicy"]),
        only_cel("variables.spec.?trafficPolicy.orValue({})", &["portLevelSettings"]),
    );
    let record = format!(
        "!variables.claims || variables.role == 'destination-rule' && {hop} || variables.ours && (variables.role == 'shared-destination-rule' \
         && variables.home in {namespaces} || variables.role == 'destination-rule' \
         && variables.spec.?exportTo.orValue([]) == ['.'])"
    );
    let rules = [
        (
            GuardRule::UpstreamHost,
            format!(
                "!{} || {} || variables.home in {namespaces}",
                is_below("variables.to"),
                is_own("variables.to")
            ),
        ),
        (GuardRule::Record, record),
    ];
    let resource = ResourceRule::new(Kind::GROUP, "v1", Kind::DestinationRule.plural());
    common::policy(guard, resource, &common::changed(), variables, &rules)
}

pub(super) fn judge(guard: &Guard, object: &Value) -> Vec<GuardRule> {
    let judged = Judged::of(object);
    let spec = judged.spec;
    let host = string(&spec["host"]);
    let owner = guard.namespaces().contains(judged.namespace);
    let mut broken = Vec::new();
    if judge::is_below(host) && !judged.is_own(host) && !owner {
        broken.push(GuardRule::UpstreamHost);
    }
    let ours = only(spec, &["host", "exportTo", "subsets"])
        && guard.service_hosts().iter().any(|service| service == host)
        && single(&spec["subsets"]).is_some_and(|subset| {
            only(subset, &["name", "trafficPolicy"]) && only(&subset["trafficPolicy"], &["portLevelSettings"])
        });
    let fits = ours
        && (judged.role() == Role::SharedDestinationRule.word() && owner
            || judged.role() == Role::DestinationRule.word() && items(&spec["exportTo"]) == [json!(".")]);
    let is_hop = judged.role() == Role::DestinationRule.word()
        && host == judged.host()
        && judge::is_outside(host)
        && only(spec, &["host", "exportTo", "trafficPolicy"])
        && only(&spec["trafficPolicy"], &["portLevelSettings"]);
    if judged.claims() && !fits && !is_hop {
        broken.push(GuardRule::Record);
    }
    broken
}
