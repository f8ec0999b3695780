//! `policy test`: reads test files and the files that they name, runs the cases, reports.

mod suite;

use std::fmt::Write;
use std::path::Path;

use egress_policy::Policy as _;
use egress_render::document::API_VERSION;
use egress_render::table::Table;
use serde_json::json;

use self::suite::{Suite, TestedModules};
use super::module;
use crate::commands::document;
use crate::exit::Code;
use crate::files;
use crate::policies::repository;
use crate::settings::policy::file::ModuleFile;
use crate::settings::policy::test::{Output, Test};
use crate::terminal::Terminal;
use egress_policy_test::coverage::Coverage;
use egress_policy_test::matrix::{self, AnswerDifference};
use egress_policy_test::report::{PolicyReport, TestReport};
use egress_policy_test::{junit, update};

/// Runs the tests, or compares two modules.
pub(super) fn run(settings: &Test, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let suites = settings.files.iter().map(|path| Suite::read(path)).collect::<Result<Vec<_>, _>>()?;
    if let Some((old, new)) = &settings.matrix {
        return compare(settings, (old, new), &suites, terminal);
    }
    let mut modules = TestedModules::default();
    let mut report = TestReport { require_coverage: settings.require_coverage, ..TestReport::default() };
    for suite in &suites {
        let module = modules.load(suite, &settings.policies, terminal)?;
        report.files.push(suite.run(module)?);
    }
    if settings.update {
        let root = repository::marked(&settings.policies.directories.working);
        return write_down(&suites, &report, root, terminal);
    }
    for (paths, module) in modules.by_file(&suites) {
        let of_module = report.files.iter().filter(|file| paths.contains(&file.path.as_str()));
        let descriptor = module.descriptor();
        let coverage = Coverage::of(descriptor, of_module.flat_map(|file| &file.cases));
        let (id, version) = (descriptor.id.clone(), descriptor.version.clone());
        report.policies.push(PolicyReport { id, version, coverage });
    }
    let text = match &settings.output {
        Output::Text => report.text(&terminal.palette()),
        Output::Junit => junit::text(&report)?,
        Output::Document(format) => document::text(&report.document(), format)?,
    };
    terminal.result(&text)?;
    Ok(if report.passed() { Code::Done } else { Code::Failed })
}

/// Writes the answers into the cases that failed.
fn write_down(
    suites: &[Suite],
    report: &TestReport,
    root: Option<&Path>,
    terminal: &mut Terminal,
) -> anyhow::Result<Code> {
    let mut text = String::new();
    for (suite, file) in suites.iter().zip(&report.files) {
        let expectations = suite.file.cases.iter().map(|case| case.expect.as_ref());
        let cases: Vec<_> = expectations.zip(&file.cases).collect();
        let updated = update::update(&suite.text, &cases)?;
        let failed = file.cases.iter().filter(|case| !case.problems.is_empty()).count();
        if updated != suite.text {
            files::write(&suite.path, root, &updated)?;
        }
        let _ = writeln!(text, "{}: {failed} of {} cases updated", file.path, file.cases.len());
    }
    terminal.result(&text)?;
    Ok(Code::Done)
}

/// Lists the cases that two modules answer differently.
fn compare(
    settings: &Test,
    (old, new): (&ModuleFile, &ModuleFile),
    suites: &[Suite],
    terminal: &mut Terminal,
) -> anyhow::Result<Code> {
    let old = module::load(old, &settings.policies, terminal)?;
    let new = module::load(new, &settings.policies, terminal)?;
    let mut differences = Vec::new();
    for suite in suites {
        for case in &suite.file.cases {
            let place = (suite.name(), case.name.as_str());
            let told = suite.file.settings_of(case);
            differences.extend(matrix::differences((&old, &new), place, &suite.request(case)?, &told));
        }
    }
    let text = match &settings.output {
        Output::Document(format) => {
            let answer = json!({
                "apiVersion": API_VERSION,
                "kind": "PolicyMatrix",
                "differences": serde_json::to_value(&differences)?,
            });
            document::text(&answer, format)?
        }
        Output::Text | Output::Junit => table(&differences),
    };
    terminal.result(&text)?;
    if differences.is_empty() {
        terminal.note("Both modules give the same answers.");
        return Ok(Code::Done);
    }
    Ok(Code::Failed)
}

fn table(differences: &[AnswerDifference]) -> String {
    let mut table = Table::new(vec!["FILE", "CASE", "WHAT", "OLD", "NEW"]);
    for AnswerDifference { path, case, what, old, new } in differences {
        table.push(vec![path.clone(), case.clone(), (*what).to_owned(), old.clone(), new.clone()]);
    }
    table.render(true)
}
