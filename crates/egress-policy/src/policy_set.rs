//! Everybody who is asked: the policies of all layers, together with what their files say beside them.
//!
//! Knows ranks and what a lower layer may not do. Knows nothing of where files and modules come from.

mod merge;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::Policy;
use super::config::{ConfiguredLimits, PolicyEntry};
use super::descriptor::{Hook, Need};
use super::exception::Exception;
use super::report::{PolicyRef, Report};
use super::settings;
use egress_core::recorded_policies::RecordedPolicy;

pub use self::merge::{MergeError, merge};
pub use super::layer::{Effect, Layer};

/// The files of all layers as one, before any policy is loaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MergedConfig {
    /// Every policy, those of the highest layer first, each layer in the order of its file.
    pub entries: Vec<(Layer, PolicyEntry)>,
    /// What each layer says about the default, highest first.
    pub defaults: Vec<(Layer, Effect)>,
    /// Who names the objects, as the highest layer says that says so.
    pub naming: Option<NamingOwner>,
    /// The prefixes of labels and annotations that policies below the cluster's layer may set.
    pub label_prefixes: BTreeSet<String>,
    /// Every exception.
    pub exceptions: Vec<Exception>,
    /// What the engine may spend. Every field is filled where it was filled in the defaults.
    pub limits: ConfiguredLimits,
}

/// `naming: {use: NAME}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamingOwner {
    /// The policy.
    pub policy: String,
    /// Who says so. Naming policies of higher layers are not set aside by it.
    pub layer: Layer,
}

/// One policy that is asked.
#[derive(Clone)]
pub struct LoadedPolicy {
    /// Its name in the configuration.
    pub name: String,
    /// Where it was configured.
    pub layer: Layer,
    /// `sha256:…` of its module; `None`: built in.
    pub digest: Option<String>,
    /// Canonical JSON of its settings.
    pub settings: String,
    /// What it answers and is asked for.
    pub hooks: BTreeSet<Hook>,
    /// What the file adds to each of its denials.
    pub on_deny: Option<String>,
    /// The one who answers.
    pub policy: Arc<dyn Policy + Send + Sync>,
}

/// All layers together.
#[derive(Clone, Debug, Default)]
pub struct PolicySet {
    /// Everybody, those of the highest layer first.
    pub policies: Vec<LoadedPolicy>,
    /// What happens where all abstain.
    pub default: Effect,
    /// Who says so; `None`: nobody. Where it is deny, an allowance of a lower layer does not count.
    pub default_by: Option<Layer>,
    /// Who names the objects.
    pub naming: Option<NamingOwner>,
    /// The prefixes of labels and annotations that policies below the cluster's layer may set.
    pub label_prefixes: BTreeSet<String>,
    /// Destinations allowed although a policy denies them.
    pub exceptions: Vec<Exception>,
}

impl MergedConfig {
    /// The policies, once every entry is loaded.
    ///
    /// The default is what the highest layer says. A cluster that has a policy about hosts and says nothing means deny:
    /// no lower layer opens what it left closed.
    pub fn with_policies(self, mut policies: Vec<LoadedPolicy>) -> PolicySet {
        policies.sort_by_key(|loaded| std::cmp::Reverse(loaded.layer));
        let guarded = policies
            .iter()
            .any(|loaded| loaded.layer == Layer::Cluster && loaded.hooks.contains(&Hook::Hosts));
        let (default_by, default) = match self.defaults.first() {
            Some((Layer::Cluster, effect)) => (Some(Layer::Cluster), *effect),
            _ if guarded => (Some(Layer::Cluster), Effect::Deny),
            Some((layer, effect)) => (Some(*layer), *effect),
            None => (None, Effect::Allow),
        };
        let MergedConfig { entries: _, defaults: _, limits: _, naming, label_prefixes, exceptions } = self;
        PolicySet { policies, default, default_by, naming, label_prefixes, exceptions }
    }
}

impl PolicySet {
    /// Whether there is nobody to ask and nothing to hold.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty() && self.default == Effect::Allow
    }

    /// The facts that somebody wants to be told.
    pub fn needs(&self) -> BTreeSet<Need> {
        self.policies.iter().flat_map(|loaded| loaded.policy.descriptor().needs.iter().copied()).collect()
    }

    /// The questions that somebody answers.
    pub fn hooks(&self) -> BTreeSet<Hook> {
        self.policies.iter().flat_map(|loaded| loaded.hooks.iter().copied()).collect()
    }

    /// Everybody who answers this question.
    pub fn with_hook(&self, hook: Hook) -> impl Iterator<Item = &LoadedPolicy> {
        self.policies.iter().filter(move |loaded| loaded.hooks.contains(&hook))
    }

    /// Who decided, for the annotation of an object.
    pub fn recorded(&self) -> Vec<RecordedPolicy> {
        self.policies.iter().map(LoadedPolicy::recorded).collect()
    }
}

impl LoadedPolicy {
    /// An empty report of its answer to a question.
    pub(crate) fn report(&self, hook: Hook) -> Report {
        Report {
            by: self.reference(),
            hook,
            findings: Vec::new(),
            trace: Vec::new(),
            log: Vec::new(),
            fuel: None,
            fault: None,
            on_deny: self.on_deny.clone(),
        }
    }

    /// Its name, as findings show it.
    pub fn reference(&self) -> PolicyRef {
        PolicyRef {
            policy: self.name.clone(),
            version: self.policy.descriptor().version.clone(),
            layer: self.layer,
            digest: self.digest.clone(),
        }
    }

    /// Who it is, for the annotation of an object: by the digest of the module, or by that of the settings where the
    /// policy is built in.
    pub fn recorded(&self) -> RecordedPolicy {
        let version = self.policy.descriptor().version.clone();
        let digest = self.digest.clone().unwrap_or_else(|| settings::digest(&self.settings));
        RecordedPolicy { name: self.name.clone(), version, digest }
    }
}

impl fmt::Debug for LoadedPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LoadedPolicy")
            .field("name", &self.name)
            .field("layer", &self.layer)
            .field("digest", &self.digest)
            .field("settings", &self.settings)
            .field("hooks", &self.hooks)
            .field("on_deny", &self.on_deny)
            .finish_non_exhaustive()
    }
}
