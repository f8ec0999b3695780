//! A load in a few numbers. Knows samples, and not how they were made.

use std::{collections::BTreeMap, net::IpAddr};

use serde::Serialize;

use super::sample::Sample;

/// How often each outcome was seen.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Requests, failed ones included.
    pub requests: u64,
    /// Answers by HTTP status.
    pub statuses: BTreeMap<u16, u64>,
    /// Requests without an answer, by reason.
    pub errors: BTreeMap<String, u64>,
    /// Answers of the origin, by the address it saw.
    pub peers: BTreeMap<IpAddr, u64>,
}

impl Summary {
    /// Counts one more request.
    pub fn add(&mut self, sample: &Sample) {
        self.requests += 1;
        if let Some(status) = sample.status {
            *self.statuses.entry(status).or_default() += 1;
        }
        if let Some(error) = &sample.error {
            *self.errors.entry(error.clone()).or_default() += 1;
        }
        if let Some(peer) = sample.peer {
            *self.peers.entry(peer).or_default() += 1;
        }
    }
}
