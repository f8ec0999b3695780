//! Native code from a module, made in a process of its own.
//!
//! Compiling is the one thing about a module that no fuel bounds. The process that does it may take so much time and
//! memory and no more, and when it dies, only it does.

use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;

use crate::child::{self, Bounds, ChildError, MESSAGE, Program};
use crate::engine;
use crate::error::ModuleError;
use crate::inspect;
use crate::limits::Limits;
use crate::text;

/// Memory of the process, code and threads included.
const MEMORY: u64 = 4 << 30;
/// Processor time of the process, all its threads together.
const SECONDS: u64 = 600;
/// The largest module that a child reads, whatever limit its parent has.
const LARGEST: u64 = 256 << 20;

/// Who makes native code.
#[derive(Clone, Debug)]
pub struct Compiler(Isolation);

/// Where modules are compiled.
#[derive(Clone, Debug)]
enum Isolation {
    InProcess,
    Child(Program),
}

impl Compiler {
    /// This process. For tests and for modules of one's own: it has no limits.
    pub fn in_process() -> Self {
        Self(Isolation::InProcess)
    }

    /// A program that runs [`serve`].
    pub fn child(program: PathBuf, arguments: Vec<OsString>) -> Self {
        Self(Isolation::Child(Program { path: program, arguments }))
    }

    pub(crate) fn compile(&self, wasm: &[u8], limits: &Limits) -> Result<Vec<u8>, ModuleError> {
        match &self.0 {
            Isolation::InProcess => compile(wasm),
            Isolation::Child(program) => {
                let bounds = Bounds { time: limits.compile, output: limits.native };
                program.run(wasm, bounds).map_err(|error| refusal(&error))
            }
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
    let unlimited =
        |error: std::io::Error| ModuleError::CompileFailed(format!("it cannot limit itself: {error}"));
    child::limit_own_process(MEMORY, SECONDS).map_err(unlimited)?;
    let mut wasm = Vec::new();
    let failed = |error: std::io::Error| ModuleError::CompileFailed(error.to_string());
    input.take(LARGEST + 1).read_to_end(&mut wasm).map_err(failed)?;
    // Who started this has looked at the outside already, and may allow less.
    let limits = Limits { module: usize::try_from(LARGEST).unwrap_or(usize::MAX), ..Limits::default() };
    inspect::inspect(&wasm, &limits)?;
    compile(&wasm)
}

/// What the process said, or how it ended where it said nothing.
fn refusal(error: &ChildError) -> ModuleError {
    let said = match error {
        ChildError::NotStarted { path, problem } => return ModuleError::file(path, problem),
        ChildError::Slow(limit) => return ModuleError::CompileTime(*limit),
        ChildError::Failed { status, message } if status.code().is_some() => {
            message.trim_start_matches("error: ")
        }
        ChildError::Failed { .. } | ChildError::TooLong(_) | ChildError::Lost(_) => "",
    };
    match said.strip_prefix("it is not valid: ") {
        Some(problem) => ModuleError::Invalid(problem.to_owned()),
        None if said.is_empty() => ModuleError::CompileFailed(error.to_string()),
        None => ModuleError::CompileFailed(said.to_owned()),
    }
}
