//! Lines for whoever explains a decision: the host shows them with `--explain`. Natively they go nowhere.

#[cfg(target_family = "wasm")]
use crate::bindings::meta::kubectl_egress::policy::log::{Level, log};

/// For the author of the policy.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// For whoever asks why.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// For whoever runs the policy: something is not as it should be.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

#[cfg(target_family = "wasm")]
fn write(level: Level, message: &str) {
    log(level, message);
}

#[cfg(not(target_family = "wasm"))]
enum Level {
    Debug,
    Info,
    Warn,
}

#[cfg(not(target_family = "wasm"))]
fn write(_level: Level, _message: &str) {}
