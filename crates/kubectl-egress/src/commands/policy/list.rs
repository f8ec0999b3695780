//! `policy list`: shows the policies configured on this machine.

use std::path::PathBuf;

use egress_policy::config::{PolicyEntry, Source};
use egress_policy::policy_set::Layer;
use egress_render::document::API_VERSION;
use egress_render::table::Table;
use serde_json::{Value, json};

use super::configuration::Configuration;
use crate::commands::document;
use crate::exit::{Code, Failure};
use crate::policies::{CONFIGURATION, repository};
use crate::settings::policies::PolicySettings;
use crate::settings::policy::list::List;
use crate::terminal::Terminal;

/// Lists.
pub(super) fn run(settings: &List, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let configured = configured(&settings.policies)?;
    let rows = configured.iter().flat_map(|(layer, file)| {
        file.set.policies.iter().map(|entry| PolicyRow {
            layer: *layer,
            file,
            entry,
            policies: &settings.policies,
        })
    });
    let rows: Vec<PolicyRow<'_>> = rows.collect();
    let text = match &settings.output {
        None => table(&rows),
        Some(format) => {
            let items: Vec<Value> = rows.iter().map(PolicyRow::document).collect();
            let list = json!({ "apiVersion": API_VERSION, "kind": "PolicyList", "items": items });
            document::text(&list, format)?
        }
    };
    terminal.result(&text)?;
    if rows.is_empty() {
        terminal.note("No policies are configured here.");
    }
    Ok(Code::Done)
}

fn configured(settings: &PolicySettings) -> Result<Vec<(Layer, Configuration)>, Failure> {
    let user: Option<PathBuf> =
        settings.directories.configuration.as_ref().map(|folder| folder.join(CONFIGURATION));
    let directories = &settings.directories;
    let repository = repository::configuration(&directories.working, &directories.owners)?;
    let places = [(Layer::Repository, repository), (Layer::User, user)];
    let mut found = Vec::new();
    for (layer, path) in places {
        if let Some(configuration) = path.as_deref().map(Configuration::read).transpose()?.flatten() {
            found.push((layer, configuration));
        }
    }
    Ok(found)
}

/// One policy in the table of `policy list`.
struct PolicyRow<'a> {
    layer: Layer,
    file: &'a Configuration,
    entry: &'a PolicyEntry,
    policies: &'a PolicySettings,
}

impl PolicyRow<'_> {
    fn state(&self) -> &'static str {
        match self.file.lock.entry(&self.entry.name) {
            _ if self.entry.source == Source::Builtin => "built-in",
            None => "unlocked",
            Some(locked) if locked.source != self.entry.source.to_string() => "moved",
            Some(_) => "locked",
        }
    }

    fn hooks(&self) -> Vec<String> {
        if let Some(hooks) = &self.entry.hooks {
            return hooks.iter().map(ToString::to_string).collect();
        }
        let locked = self.file.lock.entry(&self.entry.name);
        let api = locked.into_iter().flat_map(|locked| &locked.api);
        let names = api.filter_map(|interface| interface.split('@').next());
        names.filter(|name| *name != "meta").map(str::to_owned).collect()
    }

    fn document(&self) -> Value {
        let locked = self.file.lock.entry(&self.entry.name);
        json!({
            "name": self.entry.name,
            "layer": self.layer,
            "file": self.policies.shown(&self.file.path),
            "source": self.entry.source.to_string(),
            "state": self.state(),
            "version": locked.map(|locked| &locked.version_reported),
            "digest": locked.map(|locked| &locked.module),
            "hooks": self.hooks(),
        })
    }
}

fn table(rows: &[PolicyRow<'_>]) -> String {
    let mut table = Table::new(vec!["NAME", "LAYER", "STATE", "VERSION", "ANSWERS", "DIGEST", "SOURCE"]);
    for row in rows {
        let locked = row.file.lock.entry(&row.entry.name);
        // The start of a digest, enough to compare by eye.
        let digest: String =
            locked.map(|locked| locked.module.chars().take(19).collect()).unwrap_or_default();
        table.push(vec![
            row.entry.name.clone(),
            row.layer.to_string(),
            row.state().to_owned(),
            locked.map(|locked| locked.version_reported.clone()).unwrap_or_default(),
            row.hooks().join(","),
            digest,
            row.entry.source.to_string(),
        ]);
    }
    table.render(true)
}
