//! Compilers that are slow, broken or not there.

use std::time::{Duration, Instant};

use egress_policy_wasm::{Compiler, Engine, Limits, ModuleError};

use crate::module;

/// What comes of loading a module with another program as compiler.
fn load(program: &str, arguments: &[&str], limits: Limits) -> ModuleError {
    let arguments = arguments.iter().map(Into::into).collect();
    let engine = Engine::new(limits, Compiler::child(program.into(), arguments), None).expect("an engine");
    engine.load(&module("compiled")).expect_err("no compiler")
}

#[test]
fn a_compiler_that_is_too_slow_is_ended() {
    let limits = Limits { compile: Duration::from_millis(200), ..Limits::default() };
    let started = Instant::now();
    let error = load("/bin/sleep", &["600"], limits);
    assert!(started.elapsed() < Duration::from_mins(1), "took {:?}", started.elapsed());
    assert_eq!(
        error.to_string(),
        "its compilation took longer than 200 ms: it is too big, or deliberately slow"
    );
}

#[test]
fn a_compiler_that_never_stops_writing_is_ended() {
    let limits = Limits { native: 1 << 20, ..Limits::default() };
    let error = load("/bin/sh", &["-c", "while :; do echo yes; done"], limits);
    assert_eq!(error.to_string(), "its compilation failed: it is longer than 1 MiB");
}

#[test]
fn a_compiler_that_closes_its_output_and_stays_is_ended() {
    let limits = Limits { compile: Duration::from_millis(200), ..Limits::default() };
    let error = load("/bin/sh", &["-c", "exec >&- 2>&-; exec sleep 600"], limits);
    assert!(matches!(error, ModuleError::CompileTime(_)), "{error}");
}

#[test]
fn a_compiler_that_says_why_is_quoted_without_its_colours() {
    let script = "printf '\\033[1merror:\\033[0m it is not valid: type 7 is none\\n' >&2; exit 1";
    assert_eq!(
        load("/bin/sh", &["-c", script], Limits::default()).to_string(),
        "it is not valid: type 7 is none"
    );
}

#[test]
fn a_compiler_that_dies_is_told_by_how_it_died() {
    let error = load("/bin/sh", &["-c", "kill -9 $$"], Limits::default());
    assert!(error.to_string().starts_with("its compilation failed: its process ended with signal: 9"));
    let error = load("/bin/false", &[], Limits::default());
    assert_eq!(error.to_string(), "its compilation failed: its process ended with exit status: 1");
}

#[test]
fn a_compiler_that_is_not_there_is_named() {
    let error = load("/nonexistent/compiler", &[], Limits::default());
    assert!(error.to_string().starts_with("/nonexistent/compiler: No such file or directory"), "{error}");
}

#[test]
fn what_is_no_native_code_is_not_run() {
    let error = load("/bin/sh", &["-c", "cat >/dev/null; echo hello"], Limits::default());
    assert!(matches!(error, ModuleError::CompileFailed(_)), "{error}");
}

#[test]
fn a_compiler_sees_none_of_our_variables() {
    let error =
        load("/bin/sh", &["-c", "echo \"${CARGO_MANIFEST_DIR-none}\" >&2; exit 1"], Limits::default());
    assert_eq!(error.to_string(), "its compilation failed: none");
}
