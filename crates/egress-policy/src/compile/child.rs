//! The process that compiles: how it is started, fed, waited for and ended.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::MESSAGE;
use crate::error::ModuleError;
use crate::limits::Limits;
use crate::text;

/// Memory of the process, code and threads included.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 4 << 30;
/// Processor time of the process, all its threads together.
#[cfg(target_os = "linux")]
const SECONDS: u64 = 600;
/// How often an ended stream is compared with its process.
const PAUSE: Duration = Duration::from_millis(2);

/// Has another process make native code.
pub(super) fn compile(
    program: &Path,
    arguments: &[OsString],
    wasm: &[u8],
    limits: &Limits,
) -> Result<Vec<u8>, ModuleError> {
    let deadline = Instant::now() + limits.compile;
    let mut command = Command::new(program);
    command.args(arguments).env_clear();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Guard(command.spawn().map_err(|error| ModuleError::file(program, &error))?);
    let lost = || ModuleError::CompileFailed("its process has no streams".to_owned());
    let mut stdin = child.0.stdin.take().ok_or_else(lost)?;
    let stdout = child.0.stdout.take().ok_or_else(lost)?;
    let stderr = child.0.stderr.take().ok_or_else(lost)?;
    let wasm = wasm.to_vec();
    // Whoever keeps a stream open keeps a thread waiting and nobody else. A process that ends without reading says why
    // by its status.
    thread::spawn(move || stdin.write_all(&wasm).is_ok());
    let code = receive(stdout, limits.native);
    let message = receive(stderr, MESSAGE);
    await_result(&mut child.0, &code, &message, deadline, limits)
}

/// Limits the memory of this process, and its time for when nobody is left to end it.
#[cfg(target_os = "linux")]
pub(super) fn limit_own_process() -> Result<(), ModuleError> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    for (resource, limit) in [(Resource::As, MEMORY), (Resource::Cpu, SECONDS)] {
        let limit = Some(getrlimit(resource).maximum.map_or(limit, |maximum| maximum.min(limit)));
        setrlimit(resource, Rlimit { current: limit, maximum: limit })
            .map_err(|error| ModuleError::CompileFailed(format!("it cannot limit itself: {error}")))?;
    }
    Ok(())
}

/// Elsewhere the limits of a process mean other things, or there are none: there it is the time that its parent holds
/// it to.
#[cfg(not(target_os = "linux"))]
pub(super) fn limit_own_process() -> Result<(), ModuleError> {
    Ok(())
}

/// A process that does not outlive its use.
struct Guard(Child);

impl Drop for Guard {
    /// Kills by the handle of the process, so that no other is hit.
    fn drop(&mut self) {
        if !matches!(self.0.try_wait(), Ok(Some(_))) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }
}

/// Reads a stream to its end, or one byte more than the limit.
fn receive(stream: impl Read + Send + 'static, limit: usize) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.take(limit as u64 + 1).read_to_end(&mut bytes);
        // Nobody waits any more when the time is up.
        let _ = sender.send(bytes);
    });
    receiver
}

fn await_result(
    child: &mut Child,
    code: &mpsc::Receiver<Vec<u8>>,
    message: &mpsc::Receiver<Vec<u8>>,
    deadline: Instant,
    limits: &Limits,
) -> Result<Vec<u8>, ModuleError> {
    let too_slow = || ModuleError::CompileTime(limits.compile);
    let left = || deadline.saturating_duration_since(Instant::now());
    let code = code.recv_timeout(left()).map_err(|_| too_slow())?;
    if code.len() > limits.native {
        return Err(ModuleError::CompileFailed(format!(
            "it is longer than {}",
            crate::words::size(limits.native)
        )));
    }
    let message = message.recv_timeout(left()).map_err(|_| too_slow())?;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if left().is_zero() => return Err(too_slow()),
            Ok(None) => thread::sleep(PAUSE),
            Err(error) => return Err(ModuleError::CompileFailed(error.to_string())),
        }
    };
    if status.success() && !code.is_empty() {
        return Ok(code);
    }
    Err(refusal(status, &String::from_utf8_lossy(&message)))
}

/// What the process said, or how it ended where it said nothing.
fn refusal(status: ExitStatus, message: &str) -> ModuleError {
    let message = text::clean(message.trim(), MESSAGE);
    let said = message.trim_start_matches("error: ");
    match said.strip_prefix("it is not valid: ") {
        Some(problem) => ModuleError::Invalid(problem.to_owned()),
        None if status.code().is_none() || said.is_empty() => {
            ModuleError::CompileFailed(format!("its process ended with {status}"))
        }
        None => ModuleError::CompileFailed(said.to_owned()),
    }
}
