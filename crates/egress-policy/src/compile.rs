//! Native code from a module, made in a process of its own.
//!
//! Compiling is the one thing about a module that no fuel bounds. The process that does it may take so much time and
//! memory and no more, and when it dies, only it does.

mod child;

use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;

use crate::engine;
use crate::error::ModuleError;
use crate::inspect;
use crate::limits::Limits;
use crate::text;

/// The longest message of the compiler that is passed on.
const MESSAGE: usize = 1_000;

/// The largest module that a child reads, whatever limit its parent has.
const LARGEST: u64 = 256 << 20;

/// Who makes native code.
#[derive(Clone, Debug)]
pub struct Compiler(Kind);

#[derive(Clone, Debug)]
enum Kind {
    InProcess,
    Child { program: PathBuf, arguments: Vec<OsString> },
}

impl Compiler {
    /// This process. For tests and for modules of one's own: it has no limits.
    pub fn in_process() -> Self {
        Self(Kind::InProcess)
    }

    /// A program that runs [`serve`].
    pub fn child(program: PathBuf, arguments: Vec<OsString>) -> Self {
        Self(Kind::Child { program, arguments })
    }

    pub(crate) fn compile(&self, wasm: &[u8], limits: &Limits) -> Result<Vec<u8>, ModuleError> {
        match &self.0 {
            Kind::InProcess => compile(wasm),
            Kind::Child { program, arguments } => child::compile(program, arguments, wasm, limits),
        }
    }
}

/// Makes native code, in this process and without limits.
pub fn compile(wasm: &[u8]) -> Result<Vec<u8>, ModuleError> {
    let invalid = |error: wasmtime::Error| ModuleError::Invalid(text::clean(&format!("{error:#}"), MESSAGE));
    engine::with_compiler()?.precompile_component(wasm).map_err(invalid)
}

/// What the child does: limits itself, reads a module, makes native code.
pub fn serve(input: impl Read) -> Result<Vec<u8>, ModuleError> {
    child::limit_own_process()?;
    let mut wasm = Vec::new();
    let failed = |error: std::io::Error| ModuleError::CompileFailed(error.to_string());
    input.take(LARGEST + 1).read_to_end(&mut wasm).map_err(failed)?;
    // Who started this has looked at the outside already, and may allow less.
    let limits = Limits { module: usize::try_from(LARGEST).unwrap_or(usize::MAX), ..Limits::default() };
    inspect::inspect(&wasm, &limits)?;
    compile(&wasm)
}
