//! What somebody else changed while a plan was carried out.
//!
//! Kubernetes guards one object at a time: a write over an object that another has changed is refused, and so is a deletion.
//! Nothing guards several. So at the end the stored objects are held against what the plan wrote.

use std::collections::BTreeMap;
use std::fmt;

use super::{Action, Plan, Step};
use crate::resource::{ObjectId, Resource};

/// An object that is not as the plan left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedMeanwhile {
    /// Which object.
    pub object: ObjectId,
    /// What became of it.
    pub change: MeanwhileChange,
}

/// What became of an object after it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeanwhileChange {
    /// It was written, and is gone.
    Deleted,
    /// It was written, and says something else.
    Changed,
    /// It was deleted, and is there again.
    CreatedAgain,
}

/// The objects that the plans wrote and that are not stored so, in the order of the plans. Of an object that was written
/// several times the last write counts.
pub fn changed_meanwhile(plans: &[Plan], stored: &[Resource]) -> Vec<ChangedMeanwhile> {
    let stored: BTreeMap<&ObjectId, &Resource> = stored.iter().map(|object| (&object.id, object)).collect();
    let mut last: BTreeMap<&ObjectId, (usize, &Step)> = BTreeMap::new();
    for (place, (step, _)) in plans.iter().flat_map(Plan::writes).enumerate() {
        last.insert(&step.object.id, (place, step));
    }
    let mut last: Vec<(usize, &Step)> = last.into_values().collect();
    last.sort_by_key(|(place, _)| *place);
    let changed = last.into_iter().filter_map(|(_, step)| {
        let change = change(step, stored.get(&step.object.id).copied())?;
        Some(ChangedMeanwhile { object: step.object.id.clone(), change })
    });
    changed.collect()
}

fn change(step: &Step, stored: Option<&Resource>) -> Option<MeanwhileChange> {
    match (&step.action, stored) {
        // The same object is on its way out: a finalizer holds it.
        (Some(Action::Delete), Some(stored)) => {
            (uid(stored) != uid(&step.object)).then_some(MeanwhileChange::CreatedAgain)
        }
        (Some(Action::Delete), None) => None,
        (_, None) => Some(MeanwhileChange::Deleted),
        (_, Some(stored)) => (!step.object.is_fulfilled_by(stored)).then_some(MeanwhileChange::Changed),
    }
}

fn uid(object: &Resource) -> Option<&str> {
    object.live.as_ref().map(|live| live.uid.as_str())
}

impl fmt::Display for ChangedMeanwhile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let change = match self.change {
            MeanwhileChange::Deleted => "was deleted",
            MeanwhileChange::Changed => "was changed",
            MeanwhileChange::CreatedAgain => "was created again",
        };
        write!(formatter, "{} {change}", self.object)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::host::DnsName;
    use crate::role::Role;

    fn object(name: &str, host: &str) -> Resource {
        with_uid(name, host, "1")
    }

    fn with_uid(name: &str, host: &str, uid: &str) -> Resource {
        let object = json!({ "apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
            "metadata": { "name": name, "namespace": "shop", "uid": uid, "resourceVersion": "7" },
            "spec": { "hosts": [host] } });
        Resource::from_json(&object).unwrap()
    }

    fn plan(steps: &[(Resource, Option<Action>)]) -> Plan {
        let step = |(object, action): &(Resource, Option<Action>)| Step {
            role: Role::MeshLeg,
            object: object.clone(),
            action: action.clone(),
            proof: None,
        };
        let host = DnsName::parse("edition.cnn.com").unwrap();
        Plan { host, namespace: "shop".to_owned(), steps: steps.iter().map(step).collect() }
    }

    #[test]
    fn what_is_stored_as_it_was_written_is_not_told() {
        let plan = plan(&[
            (object("first", "a.com"), Some(Action::Create)),
            (object("first", "b.com"), Some(Action::Update(Box::new(object("first", "a.com"))))),
            (object("gone", "a.com"), Some(Action::Delete)),
            (object("held by a finalizer", "a.com"), Some(Action::Delete)),
            (object("unchanged", "a.com"), None),
        ]);
        let stored = [object("first", "b.com"), object("held by a finalizer", "a.com")];
        assert_eq!(changed_meanwhile(&[plan], &stored), []);
    }

    #[test]
    fn what_others_deleted_changed_or_created_again_is_told() {
        let plan = plan(&[
            (object("deleted", "a.com"), Some(Action::Create)),
            (object("changed", "a.com"), Some(Action::Create)),
            (object("again", "a.com"), Some(Action::Delete)),
        ]);
        let told = changed_meanwhile(&[plan], &[object("changed", "b.com"), with_uid("again", "a.com", "2")]);
        let told: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "virtualservice/deleted in namespace shop was deleted",
                "virtualservice/changed in namespace shop was changed",
                "virtualservice/again in namespace shop was created again",
            ]
        );
    }
}
