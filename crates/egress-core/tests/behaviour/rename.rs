//! Names that a policy chose, and a change of them.

use egress_core::index::Index;
use egress_core::inventory::{self, State};
use egress_core::metadata::Record;
use egress_core::plan::{self, Action};
use egress_core::removal_impact::RemovalImpact;
use egress_core::role::Role;

use crate::fixture::{added, documented, parts, planned, request, snapshot, stored, take};

fn named(prefix: &str) -> Record {
    let mut record = request("edition.cnn.com");
    for role in [Role::Upstream, Role::GatewayLeg, Role::MeshLeg, Role::Client] {
        let name = format!("{prefix}-{}", role.word());
        record.names.choose(&record.intent, role, &name);
    }
    record
}

#[test]
fn chosen_names_are_read_back_from_the_record() {
    let record = named("news");
    let cluster = snapshot(&stored(&record));
    let egress = inventory::egresses(&cluster).pop().unwrap();
    assert_eq!(egress.readable_record().unwrap().names, record.names);
    assert_eq!(egress.row(&Index::of(&cluster)).state, State::Ready);
}

#[test]
fn default_names_leave_no_trace_in_the_record() {
    let mut record = request("edition.cnn.com");
    record.names.choose(&record.intent, Role::Client, "edition-cnn-com");
    assert!(record.names.is_default());
    let plain = stored(&request("edition.cnn.com"));
    assert_eq!(stored(&record), plain);
}

#[test]
fn a_rename_creates_and_proves_all_before_the_first_old_object_goes() {
    let cluster = snapshot(&stored(&named("old")));
    let record = named("new");
    let plan = added(&record, &cluster);
    let verbs: Vec<(&str, Role)> = plan.writes().map(|(step, action)| (action.verb(), step.role)).collect();
    assert_eq!(
        verbs,
        [
            ("create", Role::Upstream),
            ("create", Role::GatewayLeg),
            ("create", Role::MeshLeg),
            ("create", Role::Client),
            ("delete", Role::Client),
            ("delete", Role::MeshLeg),
            ("delete", Role::GatewayLeg),
            ("delete", Role::Upstream),
        ]
    );
    let unproven = plan.steps.iter().filter(|step| step.role != Role::Upstream && step.proof.is_none());
    assert_eq!(unproven.filter(|step| step.role > Role::Upstream).count(), 0);
}

#[test]
fn a_rename_that_was_cut_short_anywhere_is_shown_and_finished_by_the_next_add_or_remove() {
    let record = named("new");
    let steps = {
        let cluster = snapshot(&stored(&named("old")));
        added(&record, &cluster).steps.len()
    };
    for reached in 0..=steps {
        let mut cluster = snapshot(&stored(&named("old")));
        let plan = added(&record, &cluster);
        for step in plan.steps.iter().take(reached) {
            take(step, &mut cluster);
        }
        let mut finished = cluster.clone();
        let rest = added(&record, &finished);
        for step in &rest.steps {
            take(step, &mut finished);
        }
        let mut ids: Vec<_> = finished.resources.iter().map(|live| live.id.clone()).collect();
        let mut wanted: Vec<_> = stored(&record).into_iter().map(|live| live.id).collect();
        ids.sort();
        wanted.sort();
        assert_eq!(ids, wanted, "after {reached} steps, add again");

        let egress = inventory::egresses(&cluster).pop().unwrap();
        let half = !plan.steps.iter().take(reached).all(|step| step.action.is_none()) && !rest.is_empty();
        assert_eq!(
            matches!(egress.row(&Index::of(&cluster)).state, State::Ready),
            !half,
            "after {reached} steps, listed"
        );
        let known = inventory::state::wanted(&egress, &cluster).unwrap_or_default();
        for step in &plan::remove::plan(&egress, &known, &RemovalImpact::of(&[], &cluster)).steps {
            take(step, &mut cluster);
        }
        let left: Vec<_> = cluster.resources.iter().filter(|live| live.id.namespace == "shop").collect();
        assert!(left.is_empty(), "after {reached} steps, remove leaves {left:?}");
    }
}

#[test]
fn the_documented_layout_takes_the_names_of_its_gateway_and_subset_into_its_routes() {
    let mut record = documented("edition.cnn.com");
    record.names.choose(&record.intent, Role::Gateway, "istio-egressgateway");
    record.names.choose_subset(&record.intent, "cnn");
    let parts = parts(&record);
    let routes = parts.iter().find(|part| part.role == Role::MeshLeg).unwrap();
    let routes = routes.resource.virtual_service().unwrap();
    assert_eq!(routes.gateways.as_deref().unwrap(), ["istio-egressgateway", "mesh"]);
    let text = serde_json::to_string(routes).unwrap();
    assert!(text.contains(r#""subset":"cnn""#), "{text}");
    assert!(
        planned(&record, &parts, &snapshot(&[]))
            .writes()
            .all(|(_, action)| { matches!(action, Action::Create | Action::Update(_)) })
    );
}
