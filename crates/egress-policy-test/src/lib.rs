//! Tests of policies, as their authors write them: a request, and what the policy must answer.
//!
//! Pure. Texts and policies come in, reports go out. Knows neither files nor modules: `kubectl egress policy test` reads and
//! loads them.

pub mod ask;
pub mod coverage;
pub mod expect;
pub mod file;
pub mod finding;
pub mod fixture;
pub mod junit;
pub mod matrix;
pub mod name;
pub mod pattern;
pub mod pin;
pub mod recorded;
pub mod redact;
pub mod report;
pub mod request;
pub mod run;
pub mod slots;
pub mod update;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;
