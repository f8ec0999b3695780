//! The interfaces of `wit/` as Rust types, generated when this is compiled.
//!
//! One module for each version of the interfaces that is spoken.

wasmtime::component::bindgen!({
    path: "../../wit/policy-0.1.0",
    world: "full-policy",
});
