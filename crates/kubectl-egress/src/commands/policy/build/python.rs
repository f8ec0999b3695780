//! A policy in Python: pip installs the pinned packages into the project's own virtual environment, and the project's
//! own program builds the module.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::MODULE;
use super::tool::Tool;
use crate::exit::{Code, Failure};
use crate::terminal::Terminal;

const TOOL: Tool =
    Tool { language: "Python", install: "install Python 3.9 or newer: https://www.python.org" };
const PYTHON: &str = if cfg!(windows) { "python" } else { "python3" };
const PROGRAMS: &str = if cfg!(windows) { ".venv/Scripts" } else { ".venv/bin" };

/// Builds the project, and returns the path of its module.
pub(super) fn build(directory: &Path, terminal: &mut Terminal) -> Result<PathBuf, Failure> {
    // A relative program path is resolved in the parent's or in the child's directory, depending on the platform: make
    // both the same.
    let full = std::path::absolute(directory).map_err(|error| Failure {
        code: Code::Failed,
        message: format!("`{}`: {error}", directory.display()),
        hint: None,
    })?;
    let programs = full.join(PROGRAMS);
    let run = |program: &Path, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&full);
        command
    };
    // Without Debian's venv package, the environment is incomplete and has no pip.
    if !has_pip(&programs) {
        let mut create = run(Path::new(PYTHON), &["-m", "venv", ".venv"]);
        TOOL.run("python3 -m venv .venv", &mut create, terminal).map_err(|failure| Failure {
            hint: failure.hint.or_else(|| {
                Some(
                    "Python needs venv and pip; on Debian and Ubuntu: `apt-get install python3-venv`"
                        .to_owned(),
                )
            }),
            ..failure
        })?;
    }
    let python = programs.join("python");
    let install =
        ["-m", "pip", "install", "--disable-pip-version-check", "--requirement", "requirements.txt"];
    TOOL.run("pip install --requirement requirements.txt", &mut run(&python, &install), terminal)?;
    TOOL.run("python build.py", &mut run(&python, &["build.py"]), terminal)?;
    Ok(directory.join(MODULE))
}

fn has_pip(programs: &Path) -> bool {
    ["pip", "pip.exe"].iter().any(|name| programs.join(name).is_file())
}
