//! The oracle as a process: started once, asked often, started again when it died or does not answer.
//!
//! Knows nothing of what is asked.

use std::{
    error::Error,
    fmt,
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
    limit: Duration,
    running: Option<RunningOracle>,
}

#[derive(Debug)]
struct RunningOracle {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<io::Result<String>>,
}

/// istiod's own code panics on a request, so there is nothing to compare with. A running istiod ends.
#[derive(Debug)]
pub struct IstiodPanic(String);

/// How the error of such a request begins: `respond` in `tests/bed/oracle/main.go`.
const PANIC: &str = "istiod panics: ";

/// A line of the answer: with an error there is nothing else.
#[derive(Deserialize)]
struct RefusedRequest {
    error: Option<String>,
}

impl fmt::Display for IstiodPanic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{PANIC}{}", self.0)
    }
}

impl Error for IstiodPanic {}

impl Oracle {
    /// Starts it, and builds the program where it is not there. `environment` has istiod's feature flags, such as
    /// `PILOT_ENABLE_AMBIENT`.
    ///
    /// # Errors
    /// It could not be built or started.
    pub fn start(environment: &[(&str, &str)]) -> anyhow::Result<Self> {
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut oracle =
            Self { program: bed::oracle()?, environment: environment.collect(), limit: LIMIT, running: None };
        oracle.running = Some(oracle.run()?);
        Ok(oracle)
    }

    /// What istiod would do.
    ///
    /// # Errors
    /// [`IstiodPanic`]; or it could not read the request, died or did not answer in a minute. The next question may be asked
    /// all the same.
    pub fn ask(&mut self, request: &OracleRequest) -> anyhow::Result<OracleAnswer> {
        let mut running = match self.running.take() {
            Some(running) => running,
            None => self.run()?,
        };
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        // What fails here leaves no process: the next question starts another.
        let answer = running.answer(&line, self.limit)?;
        self.running = Some(running);
        let refused: RefusedRequest =
            serde_json::from_str(&answer).context("the oracle answers something else")?;
        if let Some(reason) = refused.error.as_deref().and_then(|error| error.strip_prefix(PANIC)) {
            return Err(IstiodPanic(reason.to_owned()).into());
        }
        if let Some(error) = refused.error {
            bail!("the oracle cannot answer: {error}");
        }
        serde_json::from_str(&answer).context("the oracle answers something else")
    }

    fn run(&self) -> anyhow::Result<RunningOracle> {
        let mut command = Command::new(&self.program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
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
    fn answer(&mut self, line: &[u8], limit: Duration) -> anyhow::Result<String> {
        self.requests.write_all(line).context("the oracle has ended")?;
        let answer = self.answers.recv_timeout(limit).context("the oracle has ended or does not answer")?;
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

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// A program in the place of the oracle, that is a script.
    fn scripted(script: &str) -> (TempDir, Oracle) {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("oracle");
        // A child writes it. If this process did, a program that another test starts meanwhile would have the file open for
        // writing, and nobody could execute it.
        let mut writer = Command::new("sh")
            .args(["-c", "cat > \"$0\" && chmod +x \"$0\""])
            .arg(&program)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        writer.stdin.take().unwrap().write_all(format!("#!/bin/sh\n{script}\n").as_bytes()).unwrap();
        assert!(writer.wait().unwrap().success());
        let oracle =
            Oracle { program, environment: Vec::new(), limit: Duration::from_secs(1), running: None };
        (folder, oracle)
    }

    fn ask(oracle: &mut Oracle) -> Result<OracleAnswer, String> {
        let request = OracleRequest { objects: Vec::new(), mesh: String::new(), proxies: Vec::new() };
        oracle.ask(&request).map_err(|error| error.to_string())
    }

    const ANSWER: &str = r#"echo '{"proxies": {}, "rejected": []}'"#;

    #[test]
    fn one_process_answers_every_question() {
        let (folder, mut oracle) =
            scripted(&format!("echo started >> $(dirname $0)/starts; while read -r line; do {ANSWER}; done"));
        ask(&mut oracle).unwrap();
        ask(&mut oracle).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("starts")).unwrap(), "started\n");
    }

    #[test]
    fn after_its_death_the_next_question_is_answered() {
        let (_folder, mut oracle) = scripted(&format!("read -r line; {ANSWER}; read -r line; exit 1"));
        ask(&mut oracle).unwrap();
        assert!(ask(&mut oracle).unwrap_err().contains("ended"));
        ask(&mut oracle).unwrap();
    }

    #[test]
    fn a_question_without_an_answer_is_given_up() {
        let (_folder, mut oracle) = scripted("read -r line; exec sleep 60");
        assert!(ask(&mut oracle).unwrap_err().contains("does not answer"));
        assert!(oracle.running.is_none());
    }

    #[test]
    fn a_panic_of_istiod_is_told_from_other_errors() {
        let (_folder, mut oracle) =
            scripted(r#"while read -r line; do echo '{"error": "istiod panics: nil pointer"}'; done"#);
        let request = OracleRequest { objects: Vec::new(), mesh: String::new(), proxies: Vec::new() };
        let error = oracle.ask(&request).unwrap_err();
        assert!(error.downcast_ref::<IstiodPanic>().is_some(), "{error}");
        assert!(oracle.running.is_some());
    }

    #[test]
    fn an_error_of_istiod_is_an_error() {
        let (_folder, mut oracle) = scripted(r#"while read -r line; do echo '{"error": "no Pod"}'; done"#);
        assert_eq!(ask(&mut oracle).unwrap_err(), "the oracle cannot answer: no Pod");
        assert!(oracle.running.is_some());
    }
}
