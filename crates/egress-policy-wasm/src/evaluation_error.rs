//! Why the engine stopped a call, in words for the policy's author.

use egress_policy::answer::EvaluationError;
use wasmtime::Trap;

use crate::limits::Limits;
use crate::store::Exceeded;
use crate::{text, words};

/// The longest message of the engine that is passed on.
const MESSAGE: usize = 300;
/// How the engine begins when an answer is larger than `hostcall_fuel`.
const TOO_MUCH_COPIED: &str = "too much data is being copied between the host and the guest";
/// How the engine begins when there is no place for what it was told.
const BAD_MEMORY: &str = "realloc return:";
/// How the engine begins when a module is made of too many parts.
const TOO_MANY_PARTS: &str = "resource limit exceeded";

/// Why a call ended without an answer.
pub(crate) fn of(error: &wasmtime::Error, limits: &Limits) -> EvaluationError {
    if let Some(exceeded) = error.downcast_ref::<Exceeded>() {
        return EvaluationError::Limit(exceeded.to_string());
    }
    if let Some(trap) = error.downcast_ref::<Trap>() {
        return of_trap(*trap, limits);
    }
    let message = error.root_cause().to_string();
    if message.starts_with(TOO_MUCH_COPIED) {
        return EvaluationError::Limit(format!(
            "{} of data in one answer or line of its log",
            words::size(limits.hostcall_fuel)
        ));
    }
    if message.starts_with(TOO_MANY_PARTS) {
        return EvaluationError::Limit(format!(
            "{} instances, memories or tables",
            words::count(limits.instances)
        ));
    }
    if let Some(problem) = message.strip_prefix(BAD_MEMORY) {
        return EvaluationError::Trap(format!("its cabi_realloc gives memory that cannot be used:{problem}"));
    }
    // What is left is data that is not of the type that the interface says: the engine names what it found.
    EvaluationError::BadAnswer(text::clean(&message, MESSAGE))
}

fn of_trap(trap: Trap, limits: &Limits) -> EvaluationError {
    let crash = |words: &str| EvaluationError::Trap(words.to_owned());
    match trap {
        Trap::OutOfFuel => EvaluationError::Limit(words::fuel(limits.fuel)),
        Trap::Interrupt => EvaluationError::Limit(words::time(limits.wall)),
        Trap::StackOverflow => {
            EvaluationError::Limit("its call stack: it calls itself too deeply".to_owned())
        }
        Trap::MemoryOutOfBounds => crash("it read or wrote outside its memory, or called itself too deeply"),
        Trap::UnreachableCodeReached => crash("it panicked, or reached an unreachable instruction"),
        Trap::IntegerDivisionByZero => crash("it divided by zero"),
        Trap::CannotLeaveComponent => {
            crash("it called the host while the host was calling it, which Go's modules are known to do")
        }
        Trap::StringOutOfBounds
        | Trap::ListOutOfBounds
        | Trap::InvalidDiscriminant
        | Trap::InvalidChar
        | Trap::UnalignedPointer => EvaluationError::BadAnswer(plain(trap)),
        trap => EvaluationError::Trap(plain(trap)),
    }
}

/// The engine's own words, without its name for such things.
fn plain(trap: Trap) -> String {
    trap.to_string().trim_start_matches("wasm trap: ").to_owned()
}
