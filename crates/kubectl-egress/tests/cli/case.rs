//! Runs one case and compares.

use std::fs;
use std::path::Path;
use std::time::Duration;

use snapbox::assert::{Action, DEFAULT_ACTION_ENV};
use snapbox::cmd::Command;
use snapbox::{Assert, Data};

use crate::scratch::Scratch;

/// What every command line starts with; the binary under test stands in for it.
const PROGRAM: [&str; 2] = ["kubectl", "egress"];
/// No case speaks to a cluster, so none takes long; a hanging one fails.
const LIMIT: Duration = Duration::from_secs(20);

/// Whether the command line of a directory does what is written there.
pub(crate) fn check(directory: &Path) -> Result<(), String> {
    let home = tempfile::tempdir().map_err(|error| error.to_string())?;
    let scratch = Scratch::of(directory).map_err(|error| error.to_string())?;
    let working = scratch.as_ref().map_or(directory, Scratch::path);
    let line = fs::read_to_string(directory.join("cmd")).map_err(|error| format!("cmd: {error}"))?;
    let (variables, arguments) = split(&line)?;
    let output = Command::new(env!("CARGO_BIN_EXE_kubectl-egress"))
        .args(arguments)
        .env_clear()
        .env("HOME", home.path())
        .envs(variables)
        .current_dir(working)
        .stdin(fs::read(directory.join("stdin")).unwrap_or_default())
        .timeout(LIMIT)
        .output()
        .map_err(|error| error.to_string())?;
    let code = output.status.code().map_or("none".to_owned(), |code| code.to_string());
    let shown = |output: &[u8]| placeless(&timeless(output), working, home.path());
    let mut compared = vec![
        compare(&directory.join("stdout"), &shown(&output.stdout)),
        compare(&directory.join("stderr"), &shown(&output.stderr)),
        compare(&directory.join("code"), &format!("{code}\n")),
    ];
    for (expected, written) in scratch.iter().flat_map(|scratch| scratch.written(directory)) {
        let written = fs::read(written).map_err(|error| format!("{}: {error}", expected.display()))?;
        compared.push(compare(&expected, &shown(&written)));
    }
    let differences: Vec<String> = compared.into_iter().filter_map(Result::err).collect();
    if differences.is_empty() { Ok(()) } else { Err(format!("{line}\n{}", differences.join("\n"))) }
}

/// Directories of a run have other names each time.
fn placeless(text: &str, working: &Path, home: &Path) -> String {
    let text = text.replace(&*working.to_string_lossy(), "[DIRECTORY]");
    text.replace(&*home.to_string_lossy(), "[HOME]")
}

/// Two runs differ in the time of the record, and in how long they took, only.
fn timeless(output: &[u8]) -> String {
    const TIME: &str = "kubectl-egress.github.io/added-at";
    let text = String::from_utf8_lossy(output);
    let line = |line: &str| match line.split_once(TIME) {
        Some((before, _)) => format!("{before}{TIME} …\n"),
        None => untimed(line),
    };
    text.split_inclusive('\n').map(line).collect()
}

/// The last line of a diagnosis ends with the seconds it took.
fn untimed(line: &str) -> String {
    let is_time = |word: &str| word.strip_suffix(" s\n").is_some_and(|number| number.parse::<f64>().is_ok());
    match line.rsplit_once(", ") {
        Some((before, time)) if is_time(time) => format!("{before}, … s\n"),
        _ => line.to_owned(),
    }
}

type Variables = Vec<(String, String)>;

/// Splits a line as a shell does: variables, the program, arguments.
fn split(line: &str) -> Result<(Variables, Vec<String>), String> {
    let words = shlex::split(line).ok_or("cmd: an open quote")?;
    let program = words.windows(2).position(|pair| pair == PROGRAM);
    let program = program.ok_or("cmd: expected `kubectl egress`")?;
    let variables = words[..program].iter().filter_map(|word| word.split_once('='));
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok((variables, words[program + 2..].to_vec()))
}

/// Compares with a file. Nothing at all is written down as no file.
fn compare(expected: &Path, actual: &str) -> Result<(), String> {
    let assert = Assert::new().action_env(DEFAULT_ACTION_ENV).normalize_paths(false);
    if actual.is_empty() {
        if assert.selected_action() == Action::Overwrite && expected.exists() {
            fs::remove_file(expected).map_err(|error| error.to_string())?;
        }
        if !expected.exists() {
            return Ok(());
        }
    }
    let name = expected.file_name().unwrap_or_default().to_string_lossy().into_owned();
    assert
        .try_eq(Some(&name), Data::text(actual), Data::read_from(expected, None))
        .map_err(|error| error.to_string())
}
