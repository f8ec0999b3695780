//! Where policies come from, and what is said when something is wrong with them.
//!
//! The program is run with files and without a cluster. Policies of a cluster are a topic of the tests on the bed.

#![expect(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

#[path = "policies/guest.rs"]
mod guest;
#[path = "policies/of_files.rs"]
mod of_files;
#[path = "policies/place.rs"]
mod place;
#[path = "policies/schemas.rs"]
mod schemas;
#[path = "policies/strangers.rs"]
mod strangers;
