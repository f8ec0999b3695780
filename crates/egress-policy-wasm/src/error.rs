//! Why a module cannot be used, in words for its author.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use egress_core::words;
use egress_policy::answer::EvaluationError;
use egress_policy::descriptor::Hook;
use thiserror::Error;

use crate::inspect::SPOKEN;

/// Why a module cannot be used. Never taken for an allowance.
#[derive(Debug, Error)]
pub enum ModuleError {
    /// No bytes.
    #[error(
        "it is empty; a policy is a WebAssembly component, such as `cargo build --target wasm32-wasip2` makes"
    )]
    Empty,
    /// More bytes than are read.
    #[error("it has {size} bytes; a policy may have {limit}: build it in release mode and strip it")]
    TooBig {
        /// How many there are.
        size: u64,
        /// How many there may be.
        limit: u64,
    },
    /// Text, such as WAT.
    #[error("it is text, not a module; `wasm-tools parse` makes a module of WebAssembly text")]
    Text,
    /// Something else.
    #[error("it is not a WebAssembly module: its first bytes are {0}, not 00 61 73 6d")]
    NotWasm(String),
    /// A module without a component around it.
    #[error(
        "it is a core module, but a policy is a component: build it for wasm32-wasip2, or wrap it with \
         `wasm-tools component new`"
    )]
    CoreModule,
    /// The file ends too early.
    #[error("it ends in the middle, after {0} bytes: fetch or build it again")]
    Truncated(u64),
    /// The bytes cannot be read.
    #[error("it is damaged: {0}")]
    Malformed(String),
    /// An interface of a version that is not spoken here.
    #[error("it was built for policy {found}, but this kubectl-egress uses {SPOKEN}: {advice}")]
    Version {
        /// The version it was built for, such as `0.3`.
        found: String,
        /// What to do.
        advice: String,
    },
    /// An interface of ours without a version.
    #[error("its interface {0} has no version: build it against the interfaces of policy {SPOKEN}")]
    Unversioned(String),
    /// A function outside of any interface.
    #[error(
        "it exports the function `{0}` without an interface, so its version is not known: export the \
         interface, such as kubectl-egress:policy/hosts@{SPOKEN}.0"
    )]
    BareFunction(String),
    /// One interface more than once.
    #[error("it exports {0} twice: remove one")]
    Twice(String),
    /// An interface that this version does not have.
    #[error("it exports {0}, which policy {SPOKEN} does not have: a policy answers {hooks}", hooks = hooks("or"))]
    UnknownExport(String),
    /// No `meta`.
    #[error("it does not export kubectl-egress:policy/meta, so its name and needs are not known")]
    NoMeta,
    /// Nothing but `meta`.
    #[error("it exports only meta, and answers nothing: export one or more of {hooks}", hooks = hooks("and"))]
    NoHook,
    /// An import of WASI.
    #[error(
        "it imports {0}, which policies do not get. Rust: build with egress-policy-sdk (no_std); \
         Python: componentize-py -s; JavaScript: switch off the features"
    )]
    Wasi(String),
    /// Any other import.
    #[error("it imports {0}, which policies do not get: the only import is kubectl-egress:policy/log")]
    UnknownImport(String),
    /// The compiler refused it.
    #[error("it is not valid: {0}")]
    Invalid(String),
    /// The compiler was too slow.
    #[error("its compilation took longer than {}: it is too big, or deliberately slow", crate::words::time(*.0))]
    CompileTime(Duration),
    /// The compiler ended without an answer.
    #[error("its compilation failed: {0}")]
    CompileFailed(String),
    /// An interface has another shape than in the version it names.
    #[error("its {interface} is not that of policy {SPOKEN}: {problem}")]
    Shape {
        /// The interface.
        interface: &'static str,
        /// What differs.
        problem: String,
    },
    /// It could not say who it is.
    #[error("it cannot describe itself: {0}")]
    Silent(#[source] EvaluationError),
    /// What it says of itself cannot be.
    #[error("its description is wrong: {0}")]
    Descriptor(String),
    /// The cache or a temporary file.
    #[error("{}: {problem}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The engine itself.
    #[error("the engine for policies cannot start: {0}")]
    Engine(String),
}

impl ModuleError {
    pub(crate) fn file(path: impl Into<PathBuf>, error: &io::Error) -> Self {
        ModuleError::File { path: path.into(), problem: error.to_string() }
    }
}

/// The questions that there are: `hosts, naming or pinning`.
fn hooks(joint: &str) -> String {
    words::list(&Hook::ALL.map(Hook::word), joint)
}
