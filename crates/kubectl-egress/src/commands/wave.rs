//! Which steps of several plans are taken together: of each plan the next one, so that all hosts of a command wait once.
//!
//! Keeps where each plan stands. Takes no step and knows no time.

use std::collections::BTreeSet;

use egress_core::plan::{Action, Plan, Step};
use egress_core::resource::ObjectId;
use egress_render::outcome::{OutcomeVerb, StepOutcome};

/// Plans on their way. Each keeps its order: no step is taken before the one in front of it is done.
pub(super) struct Waves<'a, E> {
    courses: Vec<Course<'a, E>>,
    /// Objects whose write failed: other plans that need them do not go on.
    failed: BTreeSet<&'a ObjectId>,
    stopped: bool,
}

/// One plan and how far it is.
struct Course<'a, E> {
    plan: &'a Plan,
    done: Vec<StepOutcome>,
    end: Option<E>,
}

impl<'a, E> Waves<'a, E> {
    /// Plans in their order: of two for the same host the second waits for the first.
    pub(super) fn of(plans: impl IntoIterator<Item = &'a Plan>) -> Self {
        let course = |plan| Course { plan, done: Vec::new(), end: None };
        let courses = plans.into_iter().map(course).collect();
        Waves { courses, failed: BTreeSet::new(), stopped: false }
    }

    /// The next step of each plan that may go on, with the place of the plan. Empty: nothing is left to do.
    pub(super) fn next(&self) -> Vec<(usize, &'a Step)> {
        if self.stopped {
            return Vec::new();
        }
        let next =
            self.courses.iter().enumerate().filter_map(|(place, course)| Some((place, course.next()?)));
        next.filter(|(place, step)| self.may_be_taken(*place, step)).collect()
    }

    /// A step was taken.
    pub(super) fn done(&mut self, place: usize, step: StepOutcome) {
        if let Some(course) = self.courses.get_mut(place) {
            course.done.push(step);
        }
    }

    /// A plan ends before its last step.
    pub(super) fn end(&mut self, place: usize, step: StepOutcome, end: E) {
        if let Some(course) = self.courses.get_mut(place) {
            if let Some(failed) = course.next() {
                self.failed.insert(&failed.object.id);
            }
            course.done.push(step);
            course.end = Some(end);
        }
    }

    /// No plan goes on.
    pub(super) fn stop(&mut self) {
        self.stopped = true;
    }

    /// Whether no plan goes on.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// For each plan its steps, those that were not reached included, whether all were taken, and why not.
    pub(super) fn finish(self) -> impl Iterator<Item = (Vec<StepOutcome>, bool, Option<E>)> {
        self.courses.into_iter().map(|mut course| {
            let is_whole = course.is_whole();
            let rest = course.plan.steps.iter().skip(course.done.len()).map(not_reached);
            course.done.extend(rest.collect::<Vec<_>>());
            (course.done, is_whole, course.end)
        })
    }

    fn may_be_taken(&self, place: usize, step: &Step) -> bool {
        let Some((course, earlier)) = self.courses.get(..=place).and_then(|upto| upto.split_last()) else {
            return false;
        };
        let same = |other: &&Course<'_, E>| {
            other.plan.host == course.plan.host && other.plan.namespace == course.plan.namespace
        };
        let others = || self.courses.iter().enumerate().filter(|(other, _)| *other != place);
        !self.failed.contains(&step.object.id)
            && earlier.iter().filter(same).all(Course::is_whole)
            && (!ends_the_pair(step) || others().all(|(_, other)| other.is_at_the_pair()))
    }
}

impl<'a, E> Course<'a, E> {
    fn next(&self) -> Option<&'a Step> {
        self.plan.steps.get(self.done.len()).filter(|_| self.end.is_none())
    }

    fn is_whole(&self) -> bool {
        self.end.is_none() && self.done.len() == self.plan.steps.len()
    }

    /// Whether only the end of a pair is left.
    fn is_at_the_pair(&self) -> bool {
        self.end.is_none() && self.next().is_none_or(ends_the_pair)
    }
}

/// Whether a step removes what all egresses of a gateway use: it is the last thing that is done.
fn ends_the_pair(step: &Step) -> bool {
    step.role.is_of_pair() && matches!(step.action, Some(Action::Delete))
}

/// What is said of a step that was not taken.
fn not_reached(step: &Step) -> StepOutcome {
    step_outcome(step, if step.action.is_some() { OutcomeVerb::NotReached } else { OutcomeVerb::Unchanged })
}

/// What is said of a step, without a proof.
pub(super) fn step_outcome(step: &Step, verb: OutcomeVerb) -> StepOutcome {
    StepOutcome { object: step.object.id.clone(), role: step.role, verb, proof: None }
}

#[cfg(test)]
mod tests {
    use egress_core::host::DnsName;
    use egress_core::resource::Resource;
    use egress_core::role::Role;
    use serde_json::json;

    use super::*;

    fn plan(host: &str, steps: &[(Role, Option<Action>)]) -> Plan {
        let step = |(role, action): &(Role, Option<Action>)| {
            let of_host = if role.is_of_pair() { String::new() } else { format!("-{host}") };
            let name = format!("{role}{of_host}").replace([' ', '.'], "-");
            let object = json!({ "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
                "metadata": { "name": name, "namespace": "shop" }, "spec": {} });
            let object = Resource::from_json(&object).unwrap();
            Step { role: *role, object, action: action.clone(), proof: None }
        };
        let host = DnsName::parse(host).unwrap();
        Plan { host, namespace: "shop".to_owned(), steps: steps.iter().map(step).collect() }
    }

    /// Takes all waves; the plans of each, by their places. `fails` is the place whose steps fail, and at which wave.
    fn waves(plans: &[Plan], fails: Option<(usize, usize)>) -> (Vec<Vec<usize>>, Vec<bool>) {
        let mut waves = Waves::of(plans);
        let mut taken = Vec::new();
        while taken.len() < 20 {
            let next = waves.next();
            if next.is_empty() {
                break;
            }
            for (place, step) in &next {
                if fails == Some((*place, taken.len())) {
                    waves.end(*place, step_outcome(step, OutcomeVerb::NotReached), "failed");
                } else {
                    waves.done(*place, step_outcome(step, OutcomeVerb::Deleted));
                }
            }
            taken.push(next.into_iter().map(|(place, _)| place).collect());
        }
        (taken, waves.finish().map(|(_, is_whole, _)| is_whole).collect())
    }

    const LEGS: [(Role, Option<Action>); 2] =
        [(Role::GatewayLeg, Some(Action::Create)), (Role::MeshLeg, Some(Action::Create))];

    #[test]
    fn all_hosts_take_the_same_step_together() {
        let plans = [plan("a.com", &LEGS), plan("b.com", &LEGS)];
        assert_eq!(waves(&plans, None).0, [[0, 1], [0, 1]]);
    }

    #[test]
    fn the_second_plan_of_a_host_waits_for_the_first() {
        let plans = [plan("a.com", &LEGS), plan("a.com", &LEGS), plan("b.com", &LEGS)];
        assert_eq!(waves(&plans, None).0, [vec![0, 2], vec![0, 2], vec![1], vec![1]]);
        let (taken, whole) = waves(&plans, Some((0, 1)));
        assert_eq!(taken, [[0, 2], [0, 2]]);
        assert_eq!(whole, [false, false, true], "of a host whose first plan failed nothing more is done");
    }

    #[test]
    fn the_pair_goes_when_everything_else_is_gone_and_stays_when_something_is_not() {
        let gone = |role| (role, Some(Action::Delete));
        let (one, two) = (gone(Role::Client), gone(Role::MeshLeg));
        let pair = [gone(Role::SharedDestinationRule), gone(Role::SharedGateway)];
        let last = [std::slice::from_ref(&one), &pair[..]].concat();
        let plans = [plan("a.com", &[one, two]), plan("b.com", &last)];
        assert_eq!(waves(&plans, None).0, [vec![0, 1], vec![0], vec![1], vec![1]]);
        let (taken, whole) = waves(&plans, Some((0, 1)));
        assert_eq!(taken, [vec![0, 1], vec![0]]);
        assert_eq!(whole, [false, false]);
    }

    #[test]
    fn hosts_that_need_an_object_that_could_not_be_written_do_not_go_on() {
        let pair = |action| [&[(Role::SharedGateway, action)], &LEGS[..]].concat();
        let plans = [plan("a.com", &pair(Some(Action::Create))), plan("b.com", &pair(None))];
        let mut waves = Waves::of(&plans);
        let first = waves.next();
        waves.end(0, step_outcome(first[0].1, OutcomeVerb::NotReached), "failed");
        assert!(waves.next().is_empty());
    }
}
