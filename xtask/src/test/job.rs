//! A program that is run for its verdict: its output is kept, and somebody who waits hears now and then that it lives.
//!
//! Knows nothing of tests.

use std::{
    io::{self, BufRead as _, BufReader},
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use crate::terminal;

/// How long to be silent about a program that still runs.
const SILENCE: Duration = Duration::from_secs(30);

/// What became of a program.
pub(super) struct Finished {
    /// Whether it ended well.
    pub(super) succeeded: bool,
    /// What it printed, both streams in order.
    pub(super) output: String,
}

/// Runs a program to its end. A program that cannot be started has failed, and its output says why.
pub(super) fn run(command: &mut Command) -> Finished {
    follow(command).unwrap_or_else(|error| Finished {
        succeeded: false,
        output: format!("{}: {error}", command.get_program().display()),
    })
}

fn follow(command: &mut Command) -> io::Result<Finished> {
    let (reader, writer) = io::pipe()?;
    let mut child = command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer).spawn()?;
    // The command keeps its ends of the pipe, which would then never close.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(reader).split(b'\n').map_while(Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    let start = Instant::now();
    let mut told = start;
    let mut output = String::new();
    loop {
        match lines.recv_timeout(SILENCE) {
            Ok(line) => {
                output.push_str(&line);
                output.push('\n');
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if told.elapsed() >= SILENCE {
            told = Instant::now();
            let last = output.lines().last().unwrap_or_default().trim();
            terminal::progress(format_args!("  after {} s: {last}", start.elapsed().as_secs()));
        }
    }
    Ok(Finished { succeeded: child.wait()?.success(), output })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_streams_and_the_verdict_are_kept() {
        let finished = run(Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]));

        assert!(!finished.succeeded);
        assert_eq!(finished.output, "out\nerr\n");
    }

    #[test]
    fn a_program_that_is_not_there_has_failed_with_a_reason() {
        let finished = run(&mut Command::new("/no/such/program"));

        assert!(!finished.succeeded);
        assert!(finished.output.starts_with("/no/such/program: "));
    }
}
