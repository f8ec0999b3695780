//! Turns bytes into policies: runs the engine, checks settings, and selects the questions of a policy.

use std::ffi::OsString;
use std::sync::Arc;

use egress_cluster::Cluster;
use egress_core::command::{ShellCommand, Word};
use egress_policy::Policy;
use egress_policy::answer::{EvaluationError, Finding, Severity};
use egress_policy::config::{self, Source};
use egress_policy::policy_set::LoadedPolicy;
use egress_policy::rules::Rules;
use egress_policy_wasm::inspect::digest;
use egress_policy_wasm::module_store::{Kept, ModuleStore};
use egress_policy_wasm::{Compiler, Engine, Limits, Module, ModuleError, NativeCache};

use super::locks::WantedPolicy;
use super::schema;
use super::sources::PolicySources;
use super::undecided::undecided;
use crate::exit::{Code, Failure};
use crate::settings::policies::PolicySettings;
use crate::terminal::Terminal;

/// The argument with which this program compiles a module in a separate process.
const COMPILE: &str = "__compile-policy";

/// The largest settings whose valid result is cached: larger than any configuration file.
const LARGEST_SETTINGS: usize = 2 << 20;

/// Loads policies. Creates the engine for the first module.
pub(super) struct Loader<'a> {
    sources: PolicySources<'a>,
    limits: Limits,
    engine: Option<Engine>,
}

/// One that answers, as policies share it.
type Answering = Arc<dyn Policy + Send + Sync>;

impl<'a> Loader<'a> {
    /// A loader with these limits.
    pub(super) fn new(
        settings: &'a PolicySettings,
        cluster: Option<&'a Cluster>,
        root_namespace: &'a str,
        limits: Limits,
    ) -> Self {
        let sources = PolicySources { cluster, root_namespace, settings, largest: limits.module };
        Loader { sources, limits, engine: None }
    }

    /// One policy, ready to be asked.
    pub(super) async fn loaded(
        &mut self,
        wanted: &WantedPolicy<'_>,
        terminal: &mut Terminal,
    ) -> anyhow::Result<LoadedPolicy> {
        let entry = wanted.entry;
        let (policy, digest): (Answering, Option<String>) = if entry.source == Source::Builtin {
            let rules = Rules::new(&entry.settings).map_err(|findings| self.wrong(wanted, &findings))?;
            (Arc::new(rules), None)
        } else {
            let module = self.module(wanted, terminal).await?;
            self.check_settings(wanted, &module, terminal)?;
            let digest = module.inspection().digest.clone();
            (Arc::new(module), Some(digest))
        };
        let exported = policy.hooks();
        let hooks = entry.hooks.clone().unwrap_or_else(|| exported.clone());
        if let Some(missing) = hooks.iter().find(|hook| !exported.contains(hook)) {
            let answers: Vec<&str> = exported.iter().map(|hook| hook.word()).collect();
            let problem = format!("`use: [{missing}]`, but the policy answers only [{}]", answers.join(", "));
            return Err(self.misconfigured(wanted, &problem).into());
        }
        Ok(LoadedPolicy {
            name: entry.name.clone(),
            layer: wanted.layer,
            digest,
            settings: entry.settings.clone(),
            hooks,
            on_deny: entry.on_deny.clone(),
            policy,
        })
    }

    /// Bytes with another digest than the lock are neither compiled nor run.
    async fn module(&mut self, wanted: &WantedPolicy<'_>, terminal: &mut Terminal) -> anyhow::Result<Module> {
        let bytes = self.sources.bytes(wanted, terminal).await?;
        wanted.check_digest(&digest(&bytes), self.sources.settings)?;
        let engine = match &mut self.engine {
            Some(engine) => engine,
            none => none.insert(engine(self.sources.settings, &self.limits, terminal)?),
        };
        let waiting = terminal.wait(&format!("loading policy {}", wanted.entry.name));
        let loaded = engine.load(&bytes);
        drop(waiting);
        let unusable = |error: ModuleError| {
            let hint = match &wanted.entry.source {
                Source::File(path) => {
                    let check = ShellCommand::new(["kubectl", "egress", "policy", "check"]);
                    Some(format!("type `{}`", check.word(Word::path(path))))
                }
                Source::Builtin | Source::ConfigMap { .. } | Source::Oci(_) => None,
            };
            undecided(wanted.cannot_be_asked(&format!("{}: {error}", wanted.entry.source)), hint)
        };
        let module = loaded.map_err(unusable)?;
        wanted.check_module(&module, self.sources.settings)?;
        Ok(module)
    }

    fn check_settings(
        &self,
        wanted: &WantedPolicy<'_>,
        module: &Module,
        terminal: &mut Terminal,
    ) -> Result<(), Failure> {
        let settings = &wanted.entry.settings;
        let against_schema = self.against_schema(module, settings);
        if !against_schema.is_empty() {
            return Err(self.wrong(wanted, &against_schema));
        }
        let findings = match module.check_settings(settings).result {
            Ok(findings) | Err(EvaluationError::Settings(findings)) => findings,
            Err(fault) => return Err(undecided(wanted.cannot_be_asked(&fault.to_string()), None)),
        };
        let (wrong, odd): (Vec<Finding>, Vec<Finding>) =
            findings.into_iter().partition(|finding| finding.severity == Severity::Deny);
        for finding in &odd {
            terminal.warning(&format!("settings of policy `{}`: {}", wanted.entry.name, finding.message));
        }
        if wrong.is_empty() { Ok(()) } else { Err(self.wrong(wanted, &wrong)) }
    }

    /// The schema's errors for the settings. Caches a valid result: checking a schema takes longer than all questions
    /// to the policy.
    fn against_schema(&self, module: &Module, settings: &str) -> Vec<Finding> {
        let Some(schema) = module.descriptor().settings_schema.as_deref() else { return Vec::new() };
        let seen = format!("{}\n{settings}", module.inspection().digest);
        let cache = self.sources.settings.directories.cache.as_deref();
        let fitting = cache.map(|cache| ModuleStore::at(cache.join("settings"), LARGEST_SETTINGS));
        let known = fitting.as_ref().and_then(|store| store.read(&digest(seen.as_bytes())).ok());
        if matches!(known, Some(Kept::Whole(_))) {
            return Vec::new();
        }
        let findings = schema::check(&self.sources.settings.program, schema, settings);
        if let Some(store) = fitting.filter(|_| findings.is_empty()) {
            // Without a cache directory, check each time.
            let _ = store.keep(seen.as_bytes());
        }
        findings
    }

    fn wrong(&self, wanted: &WantedPolicy<'_>, findings: &[Finding]) -> Failure {
        let line = |finding: &Finding| match &finding.path {
            Some(path) => format!("{path}: {}", finding.message),
            None => finding.message.clone(),
        };
        let problems: Vec<String> = findings.iter().map(line).collect();
        self.misconfigured(wanted, &format!("its settings are wrong: {}", problems.join("; ")))
    }

    fn misconfigured(&self, wanted: &WantedPolicy<'_>, problem: &str) -> Failure {
        let place = wanted.origin.name(self.sources.settings);
        Failure {
            code: Code::Usage,
            message: format!("{place}:{}: policy `{}`: {problem}", wanted.entry.line, wanted.entry.name),
            hint: None,
        }
    }
}

/// The engine's limits, with those that files may set.
pub(super) fn limits(set: &config::ConfiguredLimits) -> Limits {
    let config::ConfiguredLimits { wall, fuel, memory, module, compile, nodes } = *set;
    let defaults = Limits::default();
    let bytes = |limit: Option<u64>, default: usize| {
        limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(default)
    };
    Limits {
        wall: wall.unwrap_or(defaults.wall),
        fuel: fuel.unwrap_or(defaults.fuel),
        memory: bytes(memory, defaults.memory),
        module: bytes(module, defaults.module),
        compile: compile.unwrap_or(defaults.compile),
        nodes: bytes(nodes, defaults.nodes),
        ..defaults
    }
}

/// An engine that caches native code for this user, if possible.
pub(super) fn engine(
    settings: &PolicySettings,
    limits: &Limits,
    terminal: &mut Terminal,
) -> Result<Engine, Failure> {
    let folder = settings.directories.cache.as_ref().map(|cache| cache.join("native"));
    let cache = folder.map(NativeCache::open).transpose().unwrap_or_else(|error| {
        terminal.warning(&format!("compiled policies cannot be cached, and are compiled each time: {error}"));
        None
    });
    let compiler = Compiler::child(settings.program.clone(), vec![OsString::from(COMPILE)]);
    Engine::new(limits.clone(), compiler, cache).map_err(|error| undecided(error.to_string(), None))
}
