//! `policy add`: one more entry in a configuration, and its module locked.

mod append;
mod relative;

use std::path::Path;

use egress_policy::config::{API_VERSION, KIND, Source};
use egress_policy::lock::Lock;
use egress_policy::policy_set::Layer;

use super::configuration::{self, Configuration};
use super::resolve::{LockUpdate, Resolver};
use crate::exit::{Code, Failure};
use crate::files;
use crate::settings::policy::add::Add;
use crate::terminal::Terminal;

/// Adds a policy, if it can be used.
pub(super) async fn run(settings: &Add, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let path = &settings.local_config.file;
    let source = source(settings)?;
    let old = Configuration::read(path)?;
    let empty = format!("apiVersion: {API_VERSION}\nkind: {KIND}\n");
    let before = old.as_ref().map_or(empty.as_str(), |old| &old.text);
    let text = append::entry(before, &settings.name, &source).ok_or_else(|| unwritable(path))?;
    let set = configuration::parse(path, &text)?;
    let locked = old.map(|old| old.lock).unwrap_or_default();
    let new = Configuration { path: path.clone(), text, set, lock: Lock { entries: locked.entries } };
    let resolver = Resolver::beside(&settings.local_config, &settings.policies);
    let mut steps = Vec::new();
    for entry in new.modules() {
        steps.push(match new.locked(entry).filter(|_| entry.name != settings.name) {
            Some(locked) => {
                resolver.again(entry, locked, terminal).await?;
                LockUpdate::Keep(locked)
            }
            None => LockUpdate::Describe(entry, resolver.fresh(entry, terminal).await?),
        });
    }
    let entries = resolver.entries(steps, Some(&settings.name), terminal)?;
    let added = entries.iter().find(|entry| entry.name == settings.name).cloned();
    // Write the lock first: a lock entry without its policy does no harm.
    let root = settings.local_config.root.as_deref();
    files::write(&new.lock_path(), root, &configuration::lock_text(entries)?)?;
    files::write(path, root, &new.text)?;
    let shown = settings.policies.shown(path);
    let version =
        added.map(|entry| format!(" {}, {}", entry.version_reported, entry.module)).unwrap_or_default();
    terminal.result(&format!("policy/{}{version} added to {shown}\n", settings.name))?;
    Ok(Code::Done)
}

/// A typed path is relative to the working directory, and is written relative to the configuration. In the user's own
/// configuration it is written as an absolute path, since the two may move separately.
fn source(settings: &Add) -> Result<String, Failure> {
    let Source::File(typed) = &settings.source else { return Ok(settings.source.to_string()) };
    let refused = |error: std::io::Error| Failure {
        code: Code::Usage,
        message: format!("cannot read `{typed}`: {}", files::reason(&error)),
        hint: None,
    };
    let working = &settings.policies.directories.working;
    let module = working.join(typed).canonicalize().map_err(refused)?;
    let folder = settings.local_config.file.parent().unwrap_or(&settings.local_config.file);
    if settings.local_config.layer == Layer::User {
        return Ok(module.display().to_string());
    }
    Ok(relative::path(&working.join(folder), &module))
}

fn unwritable(path: &Path) -> Failure {
    Failure {
        code: Code::Usage,
        message: format!("{} writes its policies in a form that `policy add` cannot edit", path.display()),
        hint: Some("write `policies:` as a list, one `- name: …` per line".to_owned()),
    }
}
