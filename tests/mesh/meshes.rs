//! Meshes as others install and configure them: every one carries an egress, with proof, from `add` to `remove`; or `add`
//! refuses before its first write, and names the object and the field that is in the way.

mod control_planes;
mod life;
mod network_policies;
mod settings;

use super::harness::Test;

pub(crate) const TESTS: &[Test] = &[
    ("registry_only_by_a_sidecar_of_the_root_namespace", settings::sidecar_of_the_root_namespace),
    ("services_that_are_private_by_default", settings::private_services),
    ("namespaces_that_discovery_selectors_leave_out", settings::discovery_selectors),
    ("strict_network_policies", network_policies::strict),
    ("a_revision_in_another_namespace_and_gateways_with_other_labels_and_ports", control_planes::elsewhere),
    ("two_revisions_at_once", control_planes::two_revisions),
];
