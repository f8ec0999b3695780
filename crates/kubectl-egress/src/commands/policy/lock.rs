//! `policy lock`: writes the digests of the configured modules. Keeps existing locks, and fetches only modules without
//! one.

use super::configuration::{self, Configuration};
use super::resolve::{LockUpdate, Resolver};
use crate::exit::Code;
use crate::files;
use crate::settings::policy::lock::Lock;
use crate::terminal::Terminal;

/// Writes the lock file.
pub(super) async fn run(settings: &Lock, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let configuration = Configuration::required(&settings.local_config.file)?;
    let resolver = Resolver::beside(&settings.local_config, &settings.policies);
    let mut steps = Vec::new();
    for entry in configuration.modules() {
        steps.push(match configuration.locked(entry) {
            Some(locked) => LockUpdate::Describe(entry, resolver.again(entry, locked, terminal).await?),
            None => LockUpdate::Describe(entry, resolver.fresh(entry, terminal).await?),
        });
    }
    let entries = resolver.entries(steps, None, terminal)?;
    let count = entries.len();
    let text = configuration::lock_text(entries)?;
    let path = configuration.lock_path();
    let shown = settings.policies.shown(&path);
    if text == configuration.lock_text()? {
        terminal.result(&format!("{shown} unchanged\n"))?;
        return Ok(Code::Done);
    }
    files::write(&path, settings.local_config.root.as_deref(), &text)?;
    terminal.result(&format!("{shown} written: {count} locked\n"))?;
    Ok(Code::Done)
}
