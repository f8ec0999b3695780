//! A diagnosis whose reader has gone: quiet, as kubectl is.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot run the program fails")]

use std::fs::File;
use std::process::{Command, Output, Stdio};

const MESH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cli/diagnose-files/shop.yaml");

/// What the program says on stderr when its result goes there, and how it ends.
fn diagnosed(arguments: &[&str], stdout: Stdio) -> Output {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-egress"));
    command.args(["diagnose", "-f", MESH]).args(arguments).env_clear().env("HOME", home.path());
    command
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap()
}

/// What has nothing to do with the output.
fn without_notes(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines().filter(|line| !line.starts_with("note: ")).collect()
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    for arguments in
        [&[][..], &["-v", "1"], &["-o", "json"], &["-o", "sarif"], &["-o", "junit"], &["--summary"]]
    {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = diagnosed(arguments, writer.into());
        assert_eq!((ended.status.code(), without_notes(&ended).as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn an_output_that_was_closed_before_the_start_is_no_error() {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new("/bin/sh");
    command.args([
        "-c",
        "exec \"$@\" >&-",
        "sh",
        env!("CARGO_BIN_EXE_kubectl-egress"),
        "diagnose",
        "-f",
        MESH,
    ]);
    let ended = command.env_clear().env("HOME", home.path()).stdin(Stdio::null()).output().unwrap();
    assert_eq!((ended.status.code(), without_notes(&ended).as_str()), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_is_full_is_an_error_in_one_sentence() {
    let ended = diagnosed(&[], File::create("/dev/full").unwrap().into());
    let said = without_notes(&ended);
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: cannot write to standard output: "), "{said}");
}
