//! `policy inspect`: shows what a module is.

use super::module;
use crate::commands::document;
use crate::exit::Code;
use crate::settings::policy::inspect::Inspect;
use crate::terminal::Terminal;

/// Shows a module.
pub(super) fn run(settings: &Inspect, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let module = module::load(&settings.module, &settings.policies, terminal)?;
    let text = match &settings.output {
        None => module::text(&module),
        Some(format) => document::text(&module::document(&module)?, format)?,
    };
    terminal.result(&text)?;
    Ok(Code::Done)
}
