//! Runs policy modules: the only crate with a WebAssembly engine.
//!
//! Knows how a module is checked, compiled, cached and called within limits. What its answers mean is decided in
//! `egress_core::policy`.
