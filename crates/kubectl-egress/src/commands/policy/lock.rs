//! `policy lock`: what is configured is written down, module by module.

use egress_core::policy::lock::LockEntry;

use super::configuration::{self, Configuration};
use super::resolve::Resolver;
use crate::exit::Code;
use crate::files;
use crate::settings::policies::PolicySettings;
use crate::settings::policy::lock::Lock;
use crate::terminal::Terminal;

/// Writes the lock file.
pub(super) async fn run(settings: &Lock, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let configuration = Configuration::required(&settings.place.file)?;
    let entries = entries(&configuration, &settings.policies, terminal).await?;
    let count = entries.len();
    let text = configuration::lock_text(entries)?;
    let path = configuration.lock_path();
    let shown = settings.policies.shown(&path);
    if text == configuration.lock_text()? {
        terminal.result(&format!("{shown} unchanged\n"))?;
        return Ok(Code::Done);
    }
    files::write(&path, settings.place.root.as_deref(), &text)?;
    terminal.result(&format!("{shown} written: {count} locked\n"))?;
    Ok(Code::Done)
}

/// What each module of a configuration is: what is locked stays so, what is not is looked up.
pub(super) async fn entries(
    configuration: &Configuration,
    policies: &PolicySettings,
    terminal: &mut Terminal,
) -> anyhow::Result<Vec<LockEntry>> {
    let resolver = Resolver::beside(&configuration.path, policies);
    let mut entries = Vec::new();
    for entry in configuration.modules() {
        let locked = configuration.lock.entry(&entry.name);
        let locked = locked.filter(|locked| locked.source == entry.source.to_string());
        entries.push(match locked {
            Some(locked) => resolver.again(entry, locked, terminal).await?,
            None => resolver.fresh(entry, terminal).await?,
        });
    }
    Ok(entries)
}
