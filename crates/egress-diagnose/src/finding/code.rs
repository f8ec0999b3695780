//! The codes of checks.

use std::fmt;
use std::str::FromStr;

use egress_core::host::quoted;
use serde::{Serialize, Serializer};
use thiserror::Error;

/// A check's code, written `EG007`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub u16);

/// Why a text is not a code.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("expected a code such as `EG014`, found {}", quoted(.0))]
pub struct CodeError(String);

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "EG{:03}", self.0)
    }
}

impl FromStr for Code {
    type Err = CodeError;

    /// Reads `EG014`; capitals do not matter.
    fn from_str(text: &str) -> Result<Self, CodeError> {
        let digits = text.get(..2).filter(|start| start.eq_ignore_ascii_case("EG")).and(text.get(2..));
        let digits =
            digits.filter(|digits| digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit()));
        let number = digits.and_then(|digits| digits.parse().ok());
        number.map(Code).ok_or_else(|| CodeError(text.to_owned()))
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
