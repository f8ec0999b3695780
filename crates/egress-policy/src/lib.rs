//! An organisation's rules as data: what a policy is asked, what it may answer, and what several answers come to.
//!
//! Pure. Knows the shape of questions and answers, which is that of the interfaces in `wit/`. Knows nothing of modules,
//! engines or where a policy comes from: a policy is a value that answers. `egress-policy-wasm` runs modules.

pub mod answer;
pub mod audit;
pub mod config;
pub mod descriptor;
pub mod evaluator;
pub mod exception;
pub mod export;
pub mod hosts;
mod label;
pub mod layer;
pub mod lock;
pub mod naming;
pub mod pinning;
pub mod policy_set;
pub mod report;
pub mod request;
pub mod request_builder;
pub mod rules;
pub mod settings;
pub mod slots;

use std::collections::BTreeSet;

use answer::{EvaluationError, Finding, Names, Pin, Verdict};
use descriptor::{Descriptor, Hook};
use request::{Request, Slot};

/// Something that can be asked: a module, or rules that are built in.
///
/// The same question gets the same answer. An `Err` inside a reply is a policy that could not decide, which is never
/// taken for an allowance.
pub trait Policy {
    /// What it says of itself.
    fn descriptor(&self) -> &Descriptor;

    /// The questions it answers.
    fn hooks(&self) -> &BTreeSet<Hook>;

    /// What is wrong with these settings, given as JSON.
    fn check_settings(&self, settings: &str) -> Reply<Vec<Finding>>;

    /// Which hosts may be reached.
    fn decide(&self, request: &Request) -> Reply<Verdict>;

    /// What the objects are called.
    fn name_objects(&self, request: &Request, slots: &[Slot]) -> Reply<Names>;

    /// On which nodes the traffic may leave.
    fn pin_gateway(&self, request: &Request) -> Reply<Pin>;
}

/// An answer, and what came with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply<T> {
    /// The answer, or why there is none.
    pub result: Result<T, EvaluationError>,
    /// What the policy wrote to its log, cleaned and cut.
    pub log: Vec<String>,
    /// What the answer cost in the engine's units; `None`: not counted.
    pub fuel: Option<u64>,
}

impl<T> Reply<T> {
    /// An answer that cost nothing worth counting.
    pub fn of(value: T) -> Self {
        Reply { result: Ok(value), log: Vec::new(), fuel: None }
    }

    /// No answer.
    pub fn error(error: EvaluationError) -> Self {
        Reply { result: Err(error), log: Vec::new(), fuel: None }
    }
}
