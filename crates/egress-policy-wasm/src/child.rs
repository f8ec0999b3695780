//! A process that works on a stranger's bytes: how it is started, fed, waited for and ended.
//!
//! What no fuel bounds is done in one of these: it may take so much time and memory and no more, and when it dies, only it
//! does. Knows nothing of what it does.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::text;

/// The longest message of such a process that is passed on.
pub(crate) const MESSAGE: usize = 1_000;
/// mimalloc reserves a gigabyte of addresses when a program starts. The limit on memory counts addresses, so the process
/// would have none left. The key is mimalloc's own.
const ALLOCATOR: [(&str, &str); 1] = [("MIMALLOC_ARENA_RESERVE", "64MiB")];
/// How often an ended stream is compared with its process.
const PAUSE: Duration = Duration::from_millis(2);

/// A program that is to be run, with what it is told first.
#[derive(Clone, Debug)]
pub struct Program {
    /// Which.
    pub path: PathBuf,
    /// Its arguments. It gets no variables of the user's.
    pub arguments: Vec<OsString>,
}

/// How long is waited, and how much is read.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// From its start to its end.
    pub time: Duration,
    /// Bytes that it may write.
    pub output: usize,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum ChildError {
    /// The program cannot be started.
    #[error("{}: {problem}", path.display())]
    NotStarted {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        problem: io::Error,
    },
    /// It was not done in time, and was ended.
    #[error("it took longer than {}", crate::words::time(*.0))]
    Slow(Duration),
    /// It wrote too much, and was ended.
    #[error("it is longer than {}", crate::words::size(*.0))]
    TooLong(usize),
    /// It failed, or died.
    #[error("its process ended with {status}")]
    Failed {
        /// How it ended.
        status: ExitStatus,
        /// What it said, on one line and without colours.
        message: String,
    },
    /// It cannot be waited for.
    #[error(transparent)]
    Lost(#[from] io::Error),
}

impl Program {
    /// Runs it with this input, and says what it wrote: never nothing.
    ///
    /// # Errors
    /// [`ChildError`]. It has ended by then in any case.
    pub fn run(&self, input: &[u8], bounds: Bounds) -> Result<Vec<u8>, ChildError> {
        let deadline = Instant::now() + bounds.time;
        let mut command = Command::new(&self.path);
        command.args(&self.arguments).env_clear().envs(ALLOCATOR);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = command.spawn();
        let started =
            started.map_err(|problem| ChildError::NotStarted { path: self.path.clone(), problem })?;
        let mut child = ChildGuard(started);
        let lost = || io::Error::other("its process has no streams");
        let mut stdin = child.0.stdin.take().ok_or_else(lost)?;
        let stdout = child.0.stdout.take().ok_or_else(lost)?;
        let stderr = child.0.stderr.take().ok_or_else(lost)?;
        let input = input.to_vec();
        // Whoever keeps a stream open keeps a thread waiting and nobody else. A process that ends without reading says why
        // by its status.
        thread::spawn(move || stdin.write_all(&input).is_ok());
        let output = receive(stdout, bounds.output);
        let message = receive(stderr, MESSAGE);
        await_result(&mut child.0, &output, &message, deadline, bounds)
    }
}

/// Limits the memory of this process in bytes, and its time in seconds of the processor for when nobody is left to end it.
///
/// # Errors
/// Where the system does not let it, or where the process has taken half of the memory already.
#[cfg(target_os = "linux")]
pub fn limit_own_process(memory: u64, seconds: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let taken = address_space()?;
    if taken > memory / 2 {
        return Err(io::Error::other(format!("the process has {taken} of {memory} bytes already")));
    }
    // Files: none is written, and no dump of memory that ends early.
    for (resource, limit) in
        [(Resource::As, memory), (Resource::Cpu, seconds), (Resource::Fsize, 0), (Resource::Core, 0)]
    {
        let limit = Some(getrlimit(resource).maximum.map_or(limit, |maximum| maximum.min(limit)));
        setrlimit(resource, Rlimit { current: limit, maximum: limit })?;
    }
    Ok(())
}

/// The addresses that this process has, in bytes: what [`Resource::As`](rustix::process::Resource::As) limits.
#[cfg(target_os = "linux")]
fn address_space() -> io::Result<u64> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages = text.split_whitespace().next().and_then(|pages| pages.parse::<u64>().ok());
    let pages =
        pages.ok_or_else(|| io::Error::other("/proc/self/statm does not say how large the process is"))?;
    Ok(pages * rustix::param::page_size() as u64)
}

/// Elsewhere the limits of a process mean other things, or there are none: there it is the time that its parent holds
/// it to.
#[cfg(not(target_os = "linux"))]
pub fn limit_own_process(_memory: u64, _seconds: u64) -> io::Result<()> {
    Ok(())
}

/// A process that does not outlive its use.
struct ChildGuard(Child);

impl Drop for ChildGuard {
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
    output: &mpsc::Receiver<Vec<u8>>,
    message: &mpsc::Receiver<Vec<u8>>,
    deadline: Instant,
    bounds: Bounds,
) -> Result<Vec<u8>, ChildError> {
    let too_slow = || ChildError::Slow(bounds.time);
    let left = || deadline.saturating_duration_since(Instant::now());
    let output = output.recv_timeout(left()).map_err(|_| too_slow())?;
    if output.len() > bounds.output {
        return Err(ChildError::TooLong(bounds.output));
    }
    let message = message.recv_timeout(left()).map_err(|_| too_slow())?;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if left().is_zero() => return Err(too_slow()),
            Ok(None) => thread::sleep(PAUSE),
            Err(error) => return Err(error.into()),
        }
    };
    if status.success() && !output.is_empty() {
        return Ok(output);
    }
    let message = text::clean(String::from_utf8_lossy(&message).trim(), MESSAGE);
    Err(ChildError::Failed { status, message })
}
