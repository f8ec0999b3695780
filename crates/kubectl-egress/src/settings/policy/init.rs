//! What `policy init` is to do.

use std::path::{Path, PathBuf};

use egress_core::host::quoted;

use super::language::Language;
use super::of_user;
use crate::cli;
use crate::exit::{Code, Failure};
use crate::policies::repository;

/// What `policy init` is to do.
#[derive(Clone, Debug)]
pub struct Init {
    /// The policy's name, in kebab case.
    pub name: String,
    /// The folder of the project.
    pub directory: PathBuf,
    /// Its language.
    pub language: Language,
    /// The repository of the working directory. A project inside it must not leave it through a link.
    pub root: Option<PathBuf>,
}

impl Init {
    /// Refuses names that a crate may not have, and directories that are not empty.
    pub fn resolve(typed: cli::policy::init::Init) -> Result<Self, Failure> {
        let cli::policy::init::Init { name, lang, directory } = typed;
        if !is_name(&name) {
            return Err(Failure::usage(
                format!("expected lower case letters, digits and single dashes, found {}", quoted(&name)),
                "type `kubectl egress policy init acme-hosts`",
            ));
        }
        let directory = directory.unwrap_or_else(|| PathBuf::from(&name));
        refuse_full(&directory)?;
        let working = of_user()?.directories.working;
        Ok(Init {
            name,
            directory,
            language: lang.into(),
            root: repository::marked(&working).map(Path::to_owned),
        })
    }
}

fn is_name(name: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    name.len() <= 50
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.split('-').all(word)
}

fn refuse_full(directory: &Path) -> Result<(), Failure> {
    let problem = match directory.read_dir().map(|mut entries| entries.next().is_none()) {
        Ok(true) => return Ok(()),
        Ok(false) => "it is not empty".to_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => error.to_string(),
    };
    Err(Failure {
        code: Code::Usage,
        message: format!("cannot write a project into `{}`: {problem}", directory.display()),
        hint: Some("name a new directory: `--directory DIR`".to_owned()),
    })
}
