//! `policy update`: reads every source again.

use egress_render::diff;

use super::configuration::{self, Configuration};
use super::resolve::{LockUpdate, Resolver};
use crate::exit::{Code, Failure};
use crate::files;
use crate::policies;
use crate::settings::policy::update::Update;
use crate::terminal::Terminal;

/// Rewrites the lock file, or shows how it would change.
pub(super) async fn run(settings: &Update, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let configuration = Configuration::required(&settings.local_config.file)?;
    for name in &settings.names {
        refuse_unknown(&configuration, name)?;
    }
    let resolver = Resolver::beside(&settings.local_config, &settings.policies);
    let mut steps = Vec::new();
    for entry in configuration.modules() {
        let wanted = settings.names.is_empty() || settings.names.contains(&entry.name);
        let locked = configuration.lock.entry(&entry.name);
        match locked.filter(|_| !wanted) {
            Some(locked) => steps.push(LockUpdate::Keep(locked)),
            None => steps.push(LockUpdate::Describe(entry, resolver.fresh(entry, terminal).await?)),
        }
    }
    let entries = resolver.entries(steps, None, terminal)?;
    let (old, new) = (configuration.lock_text()?, configuration::lock_text(entries)?);
    let path = configuration.lock_path();
    let shown = settings.policies.shown(&path);
    if settings.diff {
        terminal.result(&diff::file(policies::LOCK, &old, &new, &terminal.palette()))?;
        return Ok(if old == new { Code::Done } else { Code::Pending });
    }
    if old == new {
        terminal.result(&format!("{shown} unchanged\n"))?;
        return Ok(Code::Done);
    }
    files::write(&path, settings.local_config.root.as_deref(), &new)?;
    terminal.result(&format!("{shown} updated\n"))?;
    Ok(Code::Done)
}

fn refuse_unknown(configuration: &Configuration, name: &str) -> Result<(), Failure> {
    if configuration.modules().any(|entry| entry.name == name) {
        return Ok(());
    }
    let known: Vec<&str> = configuration.modules().map(|entry| entry.name.as_str()).collect();
    Err(Failure::usage(
        format!("{} has no module `{name}`; it has: {}", configuration.path.display(), known.join(", ")),
        "type `kubectl egress policy list`",
    ))
}
