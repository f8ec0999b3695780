//! A text as a type, for files that people write: every error has its line and column.

use serde::de::DeserializeOwned;

use super::{FieldPosition, LocatedError, Position, YamlLimits, limited, places};
use crate::typed::{FieldError, typed};

/// A text of one document as a type.
///
/// # Errors
/// The first thing that is wrong, and where.
pub fn located<T: DeserializeOwned>(text: &str, limits: YamlLimits) -> Result<T, LocatedError> {
    typed(&limited(text, limits)?).map_err(|error| locate(text, &error))
}

/// Where in a text a field stands that does not fit.
pub fn locate(text: &str, error: &FieldError) -> LocatedError {
    let FieldPosition { name, value } =
        places(text, std::slice::from_ref(error.path())).first().copied().unwrap_or_default();
    let Position { line, column } = if error.is_name() { name } else { value };
    LocatedError { line, column, message: error.message().to_owned() }
}
