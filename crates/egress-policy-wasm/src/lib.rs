//! Runs policy modules: the only crate with a WebAssembly engine.
//!
//! Knows how a module is checked, compiled, cached and called within limits. What its answers mean is decided in
//! `egress_policy`. The reading order is [`inspect`], [`compile`], [`native_cache`], [`engine`], [`module`].

mod bindings;
mod call;
pub mod child;
pub mod compile;
mod convert;
mod deadline;
mod descriptor;
pub mod engine;
pub mod error;
mod evaluation_error;
pub mod inspect;
pub mod limits;
pub mod module;
pub mod module_store;
pub mod native_cache;
pub mod oci;
mod store;
mod text;
mod words;

pub use compile::{Compiler, compile};
pub use engine::Engine;
pub use error::ModuleError;
pub use inspect::{Inspection, inspect};
pub use limits::Limits;
pub use module::Module;
pub use native_cache::NativeCache;
