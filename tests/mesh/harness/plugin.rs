//! The plugin as a program on the mesh: run to its end, or watched and signalled while it runs.

use std::{
    io::{BufRead as _, BufReader, Read},
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use testbed::bed::User;

use super::{LIMIT, Mesh, eventually, program};

/// No run of the plugin takes longer.
const LONGEST: Duration = Duration::from_mins(1);

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; 128 and its number for a signal, as a shell has it.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) elapsed: Duration,
}

/// A run under way.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    begin: Instant,
    stdout: Stream,
    stderr: Stream,
}

/// What a stream has brought so far.
#[derive(Debug)]
struct Stream {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Mesh {
    /// Runs the plugin to its end, as an administrator.
    pub(crate) fn plugin(&self, arguments: &[&str]) -> anyhow::Result<Ended> {
        self.start(User::Admin, arguments)?.end()
    }

    /// Runs the plugin and expects that all went well.
    pub(crate) fn done(&self, arguments: &[&str]) -> anyhow::Result<Ended> {
        let ended = self.plugin(arguments)?;
        ensure!(
            ended.code == 0,
            "kubectl egress {}: exit code {}\n{}",
            arguments.join(" "),
            ended.code,
            ended.stderr
        );
        Ok(ended)
    }

    /// Starts the plugin as somebody.
    pub(crate) fn start(&self, user: User, arguments: &[&str]) -> anyhow::Result<Running> {
        let mut command = self.bed().command_as(user, program()?);
        // Nobody's own policies, and no cache of another run.
        command.env("XDG_CONFIG_HOME", self.home()).env("XDG_CACHE_HOME", self.home());
        command.args(arguments).stdin(Stdio::null());
        Running::start(command)
    }
}

impl Running {
    /// Starts it; what it reads was said by whoever made the command.
    pub(crate) fn start(mut command: Command) -> anyhow::Result<Self> {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let begin = Instant::now();
        let mut child = command.spawn()?;
        let stdout = Stream::read(child.stdout.take().context("no stdout")?);
        let stderr = Stream::read(child.stderr.take().context("no stderr")?);
        Ok(Running { child, begin, stdout, stderr })
    }

    /// Waits until this has been said on stderr.
    pub(crate) fn until_it_says(&self, words: &str) -> anyhow::Result<()> {
        eventually(&format!("the plugin to say {words:?}"), LIMIT, || {
            let said = self.stderr.so_far();
            ensure!(said.contains(words), "it said {said:?}");
            Ok(())
        })
    }

    /// Whether it has not ended.
    pub(crate) fn is_running(&mut self) -> anyhow::Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Sends it a signal. `ip netns exec` becomes the program it runs: there is one process.
    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("no process")?;
        Ok(kill_process(pid, signal)?)
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> anyhow::Result<Ended> {
        while self.is_running()? {
            if self.begin.elapsed() > LONGEST {
                bail!("it did not end within {LONGEST:?}, after it had said: {}", self.stderr.so_far());
            }
            thread::sleep(Duration::from_millis(5));
        }
        let status = self.child.wait()?;
        let elapsed = self.begin.elapsed();
        Ok(Ended { code: code(status), stdout: self.stdout.whole(), stderr: self.stderr.whole(), elapsed })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, unless its test failed: then it must not go on to write.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Stream {
    fn read(source: impl Read + Send + 'static) -> Self {
        let text = Arc::<Mutex<String>>::default();
        let shared = Arc::clone(&text);
        let reader = thread::spawn(move || {
            for line in BufReader::new(source).lines().map_while(Result::ok) {
                let mut text = shared.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&line);
                text.push('\n');
            }
        });
        Self { text, reader: Some(reader) }
    }

    fn so_far(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn whole(&mut self) -> String {
        // A reader that panicked has left what it had read.
        let _ = self.reader.take().map(JoinHandle::join);
        self.so_far()
    }
}

fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}
