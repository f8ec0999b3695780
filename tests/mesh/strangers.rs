//! What a namespace that nobody trusts can write against another's egress: found, refused or shown, and never proven.
//!
//! Each attack has its control: the same objects without the plugin, with which the attack succeeds. It shows that the
//! test would see it.

mod guard;
mod routes;
mod squatted;

use super::harness::Test;

pub(crate) const TESTS: &[Test] = &[
    ("control_a_squatted_upstream_name_gets_every_call", squatted::control),
    (
        "control_a_younger_route_takes_a_path_from_the_earlier_shape_and_add_closes_it",
        routes::younger_control,
    ),
    ("a_younger_route_at_the_gateway_gets_nothing_and_is_found", routes::younger),
    ("an_older_route_at_the_gateway_is_refused_or_gets_nothing", routes::older),
    ("a_call_that_the_gateway_sends_elsewhere_is_not_proven", routes::probed),
    ("a_gateway_of_the_documented_layout_takes_routes_of_its_own_namespace_only", routes::documented),
    ("whoever_reaches_the_gateway_can_use_what_was_opened_and_it_is_said", routes::open_to_the_mesh),
    ("a_squatted_upstream_name_is_refused_before_the_first_write", squatted::refused),
    ("a_name_that_was_squatted_where_one_may_not_read_is_found_in_the_gateway", squatted::unseen),
    ("a_name_that_is_squatted_too_late_takes_nothing", squatted::too_late),
    ("list_does_not_call_an_egress_ready_whose_upstream_is_anothers", squatted::listed),
    ("the_guard_refuses_what_is_taken_without_it", guard::attacks),
    ("the_guard_takes_what_the_plugin_writes", guard::healthy),
    ("the_guard_lets_through_what_the_owner_of_the_gateway_says", guard::exempted),
    ("a_guard_that_is_incomplete_is_told_and_mended", guard::mended),
    ("the_api_server_judges_a_thousand_variations_as_the_functions_do", guard::agree),
];
