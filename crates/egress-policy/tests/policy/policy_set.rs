//! The policies of a case: files of layers, read and merged as they always are, and what the modules in them answer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use egress_policy::Policy;
use egress_policy::config::{ConfiguredLimits, PolicyConfig, PolicyEntry, Source};
use egress_policy::policy_set::{Layer, LoadedPolicy, PolicySet, merge};
use egress_policy::rules::Rules;
use serde::Deserialize;

use crate::fake::{Answers, Fake};

/// What is written and what is answered. A file is written without its first two lines, which are always the same.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policies {
    layers: BTreeMap<Layer, String>,
    #[serde(default)]
    answers: BTreeMap<String, Answers>,
}

impl Policies {
    /// All policies, or why they contradict each other.
    pub(crate) fn read(&self) -> Result<PolicySet, String> {
        let mut files = Vec::new();
        for (layer, text) in &self.layers {
            let text =
                format!("apiVersion: kubectl-egress.github.io/v1alpha1\nkind: EgressPolicySet\n{text}");
            files.push((
                *layer,
                PolicyConfig::parse(&text).map_err(|error| format!("{layer} layer: {error}\n"))?,
            ));
        }
        let merged = merge(files, &limits()).map_err(|error| format!("{error}\n"))?;
        let policies = merged.entries.iter().map(|(layer, entry)| self.loaded(*layer, entry));
        let policies = policies.collect::<Result<_, _>>()?;
        Ok(merged.with_policies(policies))
    }

    fn loaded(&self, layer: Layer, entry: &PolicyEntry) -> Result<LoadedPolicy, String> {
        let policy: Arc<dyn Policy + Send + Sync> = if entry.source == Source::Builtin {
            Arc::new(Rules::new(&entry.settings).map_err(|findings| {
                let lines = findings.iter().map(|finding| {
                    format!("{}: {}\n", finding.path.as_deref().unwrap_or_default(), finding.message)
                });
                lines.collect::<String>()
            })?)
        } else {
            let answers = self.answers.get(&entry.name).cloned();
            Arc::new(Fake::new(&entry.name, answers.expect("the case says what a module answers")))
        };
        let hooks = match &entry.hooks {
            Some(used) => policy.hooks().intersection(used).copied().collect(),
            None => policy.hooks().clone(),
        };
        let digest = (entry.source != Source::Builtin).then(|| format!("sha256:{:064x}", entry.name.len()));
        Ok(LoadedPolicy {
            name: entry.name.clone(),
            layer,
            digest,
            settings: entry.settings.clone(),
            hooks,
            on_deny: entry.on_deny.clone(),
            policy,
        })
    }
}

/// What the engine spends where no file says anything.
pub(crate) fn limits() -> ConfiguredLimits {
    ConfiguredLimits {
        wall: Some(Duration::from_secs(2)),
        fuel: Some(2_000_000_000),
        memory: Some(64 << 20),
        module: Some(32 << 20),
        compile: Some(Duration::from_mins(1)),
        nodes: Some(5000),
    }
}
