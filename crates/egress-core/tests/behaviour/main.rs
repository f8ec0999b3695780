//! The pure core as a whole: from requests and clusters as data to names, plans, proofs, conflicts and rows.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answering;
mod conflicts;
mod conflicts_at_gateway;
mod endpoints;
mod fixture;
mod guard;
mod impostors;
mod inventory;
mod kinds;
mod leak;
mod names;
mod opened;
mod operation;
mod plans;
mod preflight;
mod proof;
mod proxies;
mod records;
mod removal_impact;
mod rename;
mod requests;
mod takeover;
