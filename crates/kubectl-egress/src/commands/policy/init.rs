//! `policy init`: a new project, from the template that is built in.

mod template;

use std::fs;
use std::path::Path;

use egress_core::command::{ShellCommand, Word};

use crate::exit::{Code, Failure};
use crate::settings::policy::init::Init;
use crate::terminal::Terminal;

/// Writes the project.
pub(super) fn run(settings: &Init, terminal: &mut Terminal) -> anyhow::Result<Code> {
    for (place, text) in template::files(&settings.name, settings.sdk.as_deref()) {
        write(&settings.directory.join(place), &text)?;
    }
    let directory = settings.directory.display();
    terminal.result(&format!("policy/{} created in {directory}\n", settings.name))?;
    terminal.note(&format!(
        "Next: `{}`, `kubectl egress policy build`, `kubectl egress policy test`",
        ShellCommand::new(["cd"]).word(Word::path(&settings.directory.to_string_lossy()))
    ));
    Ok(Code::Done)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, text));
    written.map_err(|error| Failure {
        code: Code::Failed,
        message: format!("cannot write `{}`: {error}", path.display()),
        hint: None,
    })
}
