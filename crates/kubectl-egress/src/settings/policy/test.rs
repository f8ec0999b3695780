//! What `policy test` is to do.

use std::fs;
use std::path::{Path, PathBuf};

use egress_render::format::OutputFormat;

use super::file::ModuleFile;
use super::of_user;
use crate::cli;
use crate::exit::Failure;
use crate::settings::output;
use crate::settings::policies::PolicySettings;

/// The formats of a report of tests.
const FORMATS: &[&str] = &["json", "jsonpath", "junit", "yaml"];

/// What `policy test` is to do.
#[derive(Clone, Debug)]
pub struct Test {
    /// Files of tests, in order.
    pub files: Vec<PathBuf>,
    /// Whether a rule without a case is a failure.
    pub require_coverage: bool,
    /// Whether to write the answers into the cases that failed.
    pub update: bool,
    /// Two modules to compare instead.
    pub matrix: Option<(ModuleFile, ModuleFile)>,
    /// The format of the report.
    pub output: Output,
    /// Where to cache native code.
    pub policies: PolicySettings,
}

/// How a report is written.
#[derive(Clone, Debug)]
pub enum Output {
    /// For people.
    Text,
    /// For CI servers.
    Junit,
    /// As a document.
    Document(OutputFormat),
}

impl Test {
    /// Finds the files.
    pub fn resolve(typed: &cli::policy::test::Test) -> Result<Self, Failure> {
        let mut files = Vec::new();
        for path in &typed.paths {
            files.extend(tests_in(path)?);
        }
        let output = match typed.output.as_deref() {
            Some("junit") => Output::Junit,
            format => output::resolve(format, FORMATS)?.map_or(Output::Text, Output::Document),
        };
        let matrix = match typed.matrix.as_slice() {
            [old, new] => Some((ModuleFile::read(old)?, ModuleFile::read(new)?)),
            _ => None,
        };
        if matrix.is_some() && matches!(output, Output::Junit) {
            let hint = "type `-o json`";
            return Err(Failure::usage("`--matrix` checks no expectations, so it has no JUnit report", hint));
        }
        Ok(Test {
            files,
            require_coverage: typed.require_coverage,
            update: typed.update,
            matrix,
            output,
            policies: of_user()?,
        })
    }
}

/// A file itself; of a directory, its test files by suffix.
fn tests_in(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let refused = |problem: String| {
        let hint = "name a file of tests, or a directory with such files: `kubectl egress policy test tests`";
        Failure::usage(format!("`{}`: {problem}", path.display()), hint)
    };
    if !path.is_dir() {
        return if path.exists() {
            Ok(vec![path.to_owned()])
        } else {
            Err(refused("no such file".to_owned()))
        };
    }
    let entries = fs::read_dir(path).map_err(|error| refused(error.to_string()))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_file() && path.extension().is_some_and(|end| end == "yaml" || end == "yml"))
        .collect();
    files.sort();
    if files.is_empty() { Err(refused("it has no file that ends in .yaml".to_owned())) } else { Ok(files) }
}
