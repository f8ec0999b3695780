//! Reads the files of the `policy` commands: modules, settings, requests.
//!
//! Knows files and their limits, not their content.

use std::io::{self, Read};
use std::path::Path;

use egress_core::yaml::{self, YamlLimits};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::exit::{Code, Failure};
use crate::files;

/// The name that means standard input.
const STDIN: &str = "-";
/// The longest text to read.
const LONGEST: u64 = 16 << 20;

/// A module, and its name in messages.
#[derive(Clone, Debug)]
pub struct ModuleFile {
    /// The file, as typed.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl ModuleFile {
    /// Reads a module, up to one byte more than the engine accepts: enough for the engine to refuse it.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let limit = egress_policy_wasm::Limits::default().module as u64 + 1;
        let bytes = files::open(path).and_then(|file| limited(file, limit));
        bytes.map(|bytes| ModuleFile { name: name.clone(), bytes }).map_err(|error| unreadable(&name, &error))
    }
}

/// Reads a text.
pub fn text(path: &Path) -> Result<String, Failure> {
    let name = path.display().to_string();
    let bytes = files::open(path).and_then(|file| limited(file, LONGEST));
    utf8(&name, bytes.map_err(|error| unreadable(&name, &error))?)
}

/// Reads a document that a flag names, from a file or standard input.
pub fn document<T: DeserializeOwned>(name: &str) -> Result<T, Failure> {
    let text = if name == STDIN {
        let bytes = limited(io::stdin(), LONGEST).map_err(|error| unreadable("standard input", &error))?;
        utf8("standard input", bytes)?
    } else {
        text(Path::new(name))?
    };
    parse(if name == STDIN { "standard input" } else { name }, &text)
}

/// Reads a text as a document.
pub fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Failure> {
    yaml::located(text, YamlLimits::default()).map_err(|error| Failure {
        code: Code::Usage,
        message: format!("{name}:{}:{}: {}", error.line, error.column, error.message),
        hint: None,
    })
}

/// Settings as canonical JSON; none without a file.
pub fn settings(name: Option<&str>) -> Result<String, Failure> {
    let value: Option<Value> = name.map(document).transpose()?;
    Ok(value.map_or_else(|| "{}".to_owned(), |value| egress_policy::settings::canonical(&value)))
}

fn utf8(name: &str, bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| Failure {
        code: Code::Usage,
        message: format!("{name}: expected UTF-8 text, found other bytes"),
        hint: None,
    })
}

fn limited(reader: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(name: &str, error: &io::Error) -> Failure {
    let reason = files::reason(error);
    Failure { code: Code::Usage, message: format!("cannot read `{name}`: {reason}"), hint: None }
}
