//! The engine: its settings, and how bytes become a module that can be asked.
//!
//! This process cannot compile. It loads native code that [`crate::compile`] made: just now, or before, when it was kept in
//! a directory of this user alone.

use std::sync::Arc;

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, WasmBacktraceDetails};

use crate::bindings::kubectl_egress::policy::log;
use crate::call::Runtime;
use crate::compile::Compiler;
use crate::deadline::Deadlines;
use crate::error::ModuleError;
use crate::inspect::{self, Inspection};
use crate::limits::Limits;
use crate::module::Module;
use crate::native_cache::NativeCache;
use crate::store::CallState;

/// Loads modules and holds them to its limits.
pub struct Engine {
    runtime: Arc<Runtime>,
    linker: Linker<CallState>,
    compiler: Compiler,
    cache: Option<NativeCache>,
}

impl Engine {
    /// An engine with these limits. Without a cache every module is compiled each time it is loaded.
    pub fn new(limits: Limits, compiler: Compiler, cache: Option<NativeCache>) -> Result<Self, ModuleError> {
        let failed = |error: wasmtime::Error| ModuleError::Engine(format!("{error:#}"));
        let mut configuration = configuration();
        configuration.enable_compiler(false);
        let engine = wasmtime::Engine::new(&configuration).map_err(failed)?;
        let mut linker = Linker::new(&engine);
        log::add_to_linker::<CallState, HasSelf<CallState>>(&mut linker, |state| state).map_err(failed)?;
        let runtime = Runtime { deadlines: Deadlines::new(engine.clone()), engine, limits };
        Ok(Self { runtime: Arc::new(runtime), linker, compiler, cache })
    }

    /// Makes a module of bytes: looks at its outside, finds or makes native code, and asks it who it is.
    pub fn load(&self, bytes: &[u8]) -> Result<Module, ModuleError> {
        let inspection = inspect::inspect(bytes, &self.runtime.limits)?;
        let component = self.native(bytes, &inspection)?;
        let invalid = |error: wasmtime::Error| ModuleError::Invalid(format!("{error:#}"));
        let instance = self.linker.instantiate_pre(&component).map_err(invalid)?;
        Module::new(Arc::clone(&self.runtime), instance, inspection)
    }

    /// Native code that was made before, or is made now.
    fn native(&self, bytes: &[u8], inspection: &Inspection) -> Result<Component, ModuleError> {
        let engine = &self.runtime.engine;
        let known = self.cache.as_ref().and_then(|cache| Some((cache, cache.find(&inspection.digest)?)));
        if let Some((cache, code)) = known {
            match load(engine, &code) {
                Ok(component) => return Ok(component),
                // Made for another processor, for one.
                Err(_) => cache.discard(&inspection.digest),
            }
        }
        let code = self.compiler.compile(bytes, &self.runtime.limits)?;
        if let Some(cache) = &self.cache {
            // Where nothing can be kept, it is made each time.
            let _ = cache.store(&inspection.digest, &code);
        }
        load(engine, &code).map_err(|error| ModuleError::CompileFailed(format!("{error:#}")))
    }
}

/// An engine that compiles, with the settings of the one that runs.
pub(crate) fn with_compiler() -> Result<wasmtime::Engine, ModuleError> {
    let mut configuration = configuration();
    // Results of floating-point calculations are the same on every machine.
    configuration.cranelift_nan_canonicalization(true);
    wasmtime::Engine::new(&configuration).map_err(|error| ModuleError::Engine(format!("{error:#}")))
}

/// The settings of both. What changes the code changes `native_cache::SETTINGS`.
fn configuration() -> Config {
    let mut configuration = Config::new();
    configuration
        .consume_fuel(true)
        .epoch_interruption(true)
        .wasm_relaxed_simd(false)
        .relaxed_simd_deterministic(true)
        .max_wasm_stack(512 << 10)
        .wasm_backtrace_max_frames(None)
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    configuration
}

/// Takes native code into this process.
#[expect(unsafe_code, reason = "running native code made earlier is what a cache of it is for")]
fn load(engine: &wasmtime::Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: this is code that a compiler with these settings wrote: either this very call had it made, or the cache read
    // it from an open file of this user alone, in a directory that only this user may enter, under a name that holds the
    // digest of these bytes and the version and settings of the engine. They are in memory, where no other user can
    // exchange them any more. Nothing else is ever given to this function; who can put a file there can run programs as
    // this user anyway.
    unsafe { Component::deserialize(engine, code) }
}
