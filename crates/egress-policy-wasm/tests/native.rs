//! Native code: made in another process within limits, kept where only this user may enter, never taken from a file
//! that anyone else may have touched.

#![cfg(unix)]
#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

#[path = "native/cache.rs"]
mod cache;
#[path = "native/child.rs"]
mod child;
#[path = "guest/guest.rs"]
mod guest;
#[path = "native/race.rs"]
mod race;

/// A policy that says its name.
fn module(id: &str) -> Vec<u8> {
    guest::Guest::new(format!(";;! id: {id}")).component().expect("a component")
}
