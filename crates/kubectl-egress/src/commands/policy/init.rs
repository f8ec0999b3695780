//! `policy init`: creates a project from the built-in template.

mod template;

use egress_core::command::{ShellCommand, Word};

use crate::exit::Code;
use crate::files;
use crate::settings::policy::init::Init;
use crate::terminal::Terminal;

/// Writes the project.
pub(super) fn run(settings: &Init, terminal: &mut Terminal) -> anyhow::Result<Code> {
    for (place, text) in template::files(&settings.name, settings.language)? {
        files::write(&settings.directory.join(place), settings.root.as_deref(), &text)?;
    }
    let directory = settings.directory.display();
    terminal.result(&format!("policy/{} created in {directory}\n", settings.name))?;
    terminal.note(&format!(
        "Next: `{}`, `kubectl egress policy build`, `kubectl egress policy test`",
        ShellCommand::new(["cd"]).word(Word::path(&settings.directory.to_string_lossy()))
    ));
    Ok(Code::Done)
}
