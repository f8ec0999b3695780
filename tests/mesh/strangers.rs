//! What a namespace that nobody trusts can write against another's egress: found, refused or shown, and never proven.
//!
//! Each attack has its control: the same objects without the plugin, with which the attack succeeds. It shows that the
//! test would see it.

mod squatted;

use super::harness::Test;

pub(crate) const TESTS: &[Test] = &[("control_a_squatted_upstream_name_gets_every_call", squatted::control)];
