//! Why a text could not be read.

use thiserror::Error;

use crate::typed::FieldError;

/// Why a text is no YAML.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{message} at line {line} column {column}")]
pub struct SyntaxError {
    /// What is wrong.
    pub message: String,
    /// On which line, from 1.
    pub line: usize,
    /// In which column, from 1.
    pub column: usize,
}

/// Why a text is not what was expected.
#[derive(Debug, Error)]
pub enum YamlError {
    /// It is not YAML.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// It is something else.
    #[error("{0}")]
    Type(FieldError),
}

/// Why a text is not what was expected, and where.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}, column {column}: {message}")]
pub struct LocatedError {
    /// Counted from 1.
    pub line: usize,
    /// Counted from 1.
    pub column: usize,
    /// What was expected and what was found.
    pub message: String,
}

impl From<SyntaxError> for LocatedError {
    fn from(SyntaxError { message, line, column }: SyntaxError) -> Self {
        LocatedError { line, column, message }
    }
}
