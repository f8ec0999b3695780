//! The oracle as a process: started once, asked often, started again when it died or does not answer.
//!
//! Knows nothing of what is asked.

use std::{
    io::{self, BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use super::protocol::{OracleAnswer, OracleRequest};
use crate::bed;

/// How long one answer may take.
const LIMIT: Duration = Duration::from_mins(1);

/// istiod's own code, which answers one request after the other.
#[derive(Debug)]
pub struct Oracle {
    program: PathBuf,
    environment: Vec<(String, String)>,
    running: Option<RunningOracle>,
}

#[derive(Debug)]
struct RunningOracle {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<io::Result<String>>,
}

/// A line of the answer: with an error there is nothing else.
#[derive(Deserialize)]
struct Refused {
    error: Option<String>,
}

impl Oracle {
    /// Starts it, and builds the program where it is not there. `environment` has istiod's feature flags, such as
    /// `PILOT_ENABLE_AMBIENT`.
    ///
    /// # Errors
    /// It could not be built or started.
    pub fn start(environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut oracle = Self {
            program: bed::oracle()?,
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            running: None,
        };
        oracle.running = Some(oracle.run()?);
        Ok(oracle)
    }

    /// What istiod would do.
    ///
    /// # Errors
    /// It could not read the request, panicked, died or did not answer in a minute. The next question may be asked all the
    /// same.
    pub fn ask(&mut self, request: &OracleRequest) -> anyhow::Result<OracleAnswer> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => self.run()?,
        };
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        // What fails here leaves no process: the next question starts another.
        let answer = running.answer(&line)?;
        self.running = Some(running);
        let refused: Refused = serde_json::from_str(&answer).context("the oracle answers something else")?;
        if let Some(error) = refused.error {
            bail!("the oracle cannot answer: {error}");
        }
        serde_json::from_str(&answer).context("the oracle answers something else")
    }

    fn run(&self) -> anyhow::Result<RunningOracle> {
        let mut command = Command::new(&self.program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        for (name, value) in &self.environment {
            command.env(name, value);
        }
        let mut child =
            command.spawn().with_context(|| format!("cannot start {}", self.program.display()))?;
        let requests = child.stdin.take().context("the oracle has no standard input")?;
        let lines = child.stdout.take().context("the oracle has no standard output")?;
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(lines).lines() {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(RunningOracle { child, requests, answers })
    }
}

impl RunningOracle {
    fn answer(&mut self, line: &[u8]) -> anyhow::Result<String> {
        self.requests.write_all(line).context("the oracle has ended")?;
        let answer = self.answers.recv_timeout(LIMIT).context("the oracle has ended or does not answer")?;
        Ok(answer?)
    }
}

impl Drop for RunningOracle {
    fn drop(&mut self) {
        // It may have ended by itself, and then there is nothing to do.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
