//! A test file with the files that it names: fixtures and the module.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use egress_policy::request::Request;
use egress_policy_wasm::Module;

use crate::commands::policy::module;
use crate::exit::{Code, Failure};
use crate::settings::policies::PolicySettings;
use crate::settings::policy::file::{self, ModuleFile};
use crate::terminal::Terminal;
use egress_policy_test::file::{Case, TestFile};
use egress_policy_test::fixture::Fixture;
use egress_policy_test::report::FileReport;
use egress_policy_test::run::run;

/// One test file.
pub(super) struct Suite {
    /// Its path.
    pub(super) path: PathBuf,
    /// Its text.
    pub(super) text: String,
    /// Its parsed content.
    pub(super) file: TestFile,
    name: String,
    fixtures: BTreeMap<String, Fixture>,
}

/// The modules that files name, each loaded once.
#[derive(Default)]
pub(super) struct TestedModules(BTreeMap<PathBuf, Module>);

impl Suite {
    /// Reads a file and its fixtures.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let text = file::text(path)?;
        let file: TestFile = file::parse(&name, &text)?;
        let mut fixtures = BTreeMap::new();
        for (called, place) in &file.fixtures {
            let place = beside(path, place);
            let fixture = Fixture::parse(&file::text(&place)?).map_err(|error| {
                let message = format!("fixture `{called}`: {}: {error}", place.display());
                Failure { code: Code::Usage, message, hint: None }
            })?;
            fixtures.insert(called.clone(), fixture);
        }
        Ok(Suite { path: path.to_owned(), text, file, name, fixtures })
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The request of a case.
    pub(super) fn request(&self, case: &Case) -> Result<Request, Failure> {
        case.request.resolve(&self.fixtures).map_err(|error| Failure {
            code: Code::Usage,
            message: format!("{}: case `{}`: {error}", self.name, case.name),
            hint: Some("name the file under `fixtures`: `fixtures: {nodes: fixtures/nodes.yaml}`".to_owned()),
        })
    }

    /// Runs every case.
    pub(super) fn run(&self, module: &Module) -> Result<FileReport, Failure> {
        let mut cases = Vec::new();
        for case in &self.file.cases {
            cases.push(run(module, case, self.request(case)?, &self.file.settings_of(case)));
        }
        Ok(FileReport { path: self.name.clone(), policy: self.file.policy.clone(), cases })
    }

    fn module(&self) -> PathBuf {
        beside(&self.path, &self.file.policy)
    }
}

impl TestedModules {
    /// The module of a file.
    pub(super) fn load(
        &mut self,
        suite: &Suite,
        settings: &PolicySettings,
        terminal: &mut Terminal,
    ) -> Result<&Module, Failure> {
        let path = suite.module();
        if !self.0.contains_key(&path) {
            let read = ModuleFile::read(&path).map_err(|failure| Failure {
                message: format!("{}: policy: {}", suite.name, failure.message),
                hint: Some("build it first: `kubectl egress policy build`".to_owned()),
                ..failure
            })?;
            self.0.insert(path.clone(), module::load(&read, settings, terminal)?);
        }
        // Inserted above.
        self.0.get(&path).ok_or_else(|| Failure {
            code: Code::Failed,
            message: format!("{} was not loaded", path.display()),
            hint: None,
        })
    }

    /// Each module with the files that test it.
    pub(super) fn by_file<'a>(&'a self, suites: &'a [Suite]) -> Vec<(Vec<&'a str>, &'a Module)> {
        let of_module =
            |path: &PathBuf| suites.iter().filter(|suite| suite.module() == *path).map(Suite::name).collect();
        self.0.iter().map(|(path, module)| (of_module(path), module)).collect()
    }
}

/// A path in a file is relative to the file.
fn beside(file: &Path, path: &str) -> PathBuf {
    file.parent().unwrap_or(file).join(path)
}
