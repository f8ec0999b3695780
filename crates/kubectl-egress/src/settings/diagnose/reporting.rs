//! What a diagnosis prints, and what counts as a failure.

use std::collections::BTreeSet;

use egress_diagnose::examine::CheckFilter;
use egress_diagnose::finding::{Code, Level};
use egress_diagnose::rules::check::Check;
use egress_diagnose::rules::{self, CHECKS};
use egress_render::format::OutputFormat;

use crate::cli;
use crate::exit::Failure;
use crate::settings::output;

/// The formats of a diagnosis.
const FORMATS: &[&str] = &["json", "jsonpath", "junit", "sarif", "yaml"];

/// What to report.
#[derive(Clone, Debug)]
pub struct Reporting {
    /// The format.
    pub form: ReportFormat,
    /// The lowest level of a failure.
    pub fail_on: Level,
    /// Which checks to run.
    pub filter: CheckFilter,
    /// Whether to print each check of each host, and not only one line per host.
    pub every_check: bool,
}

/// The format of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum ReportFormat {
    /// For people.
    Text,
    /// Only counts.
    Summary,
    /// For code scanners.
    Sarif,
    /// For CI servers.
    Junit,
    /// As a document.
    Document(OutputFormat),
    /// The pods that can bypass gateways, as a table or as a document.
    Bypass(Option<OutputFormat>),
    /// Changes, until it is interrupted.
    Watch,
}

impl Reporting {
    /// Puts the flags together.
    pub fn resolve(typed: &cli::diagnose::reporting::Reporting, verbosity: u8) -> Result<Self, Failure> {
        let form = match typed.output.as_deref() {
            format if typed.bypass => {
                ReportFormat::Bypass(output::resolve(format, OutputFormat::OF_REPORTS)?)
            }
            Some("junit") => ReportFormat::Junit,
            Some("sarif") => ReportFormat::Sarif,
            None if typed.summary => ReportFormat::Summary,
            None if typed.watch => ReportFormat::Watch,
            format => output::resolve(format, FORMATS)?.map_or(ReportFormat::Text, ReportFormat::Document),
        };
        let filter = CheckFilter { only: codes("--only", &typed.only)?, skip: codes("--skip", &typed.skip)? };
        if let Some(code) = filter.only.intersection(&filter.skip).next() {
            return Err(Failure::usage(
                format!("`--only {code}` and `--skip {code}` contradict each other"),
                "leave out one of them",
            ));
        }
        Ok(Reporting { form, fail_on: typed.fail_on, filter, every_check: verbosity > 0 })
    }
}

/// The check of `--explain`; `None`: the list of all checks.
pub fn explained(word: &str) -> Result<Option<&'static Check>, Failure> {
    if word.is_empty() {
        return Ok(None);
    }
    let code = code("--explain", word)?;
    Ok(rules::by_code(code))
}

fn codes(flag: &str, words: &[String]) -> Result<BTreeSet<Code>, Failure> {
    words.iter().map(|word| code(flag, word)).collect()
}

/// An existing code.
fn code(flag: &str, word: &str) -> Result<Code, Failure> {
    let word = word.trim();
    let parsed = word.parse::<Code>();
    match parsed {
        Ok(code) if rules::by_code(code).is_some() => return Ok(code),
        _ => {}
    }
    let problem = match parsed {
        Ok(code) => format!("`{flag}`: there is no check {code}"),
        Err(error) => format!("`{flag}`: {error}"),
    };
    let hint = match meant(word) {
        Some(check) => format!("did you mean `{}` ({})?", check.code, check.name),
        None => "type `kubectl egress diagnose --explain` for the codes".to_owned(),
    };
    Err(Failure::usage(problem, hint))
}

/// The check with the typed number, such as `14` or `EG14`; else one that differs in one letter.
fn meant(word: &str) -> Option<&'static Check> {
    let digits: String = word.chars().filter(char::is_ascii_digit).collect();
    let by_number = digits.parse().ok().and_then(|number| rules::by_code(Code(number)));
    let typed = word.to_ascii_uppercase();
    let distance = |check: &&Check| strsim::damerau_levenshtein(&check.code.to_string(), &typed);
    by_number.or_else(|| CHECKS.iter().find(|check| distance(check) == 1))
}
