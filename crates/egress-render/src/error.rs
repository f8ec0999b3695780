//! What can go wrong when a value becomes text. Little does: everything that is decided was decided before.

use thiserror::Error;

/// Why a value could not be written.
#[derive(Debug, Error)]
pub enum RenderError {
    /// A value that YAML cannot hold.
    #[error("cannot write YAML: {0}")]
    Yaml(#[from] serde_saphyr::SerializeError),
    /// A value that JSON cannot hold.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// A jsonpath template whose output has no end in sight.
    #[error("the jsonpath template writes more than {limit} bytes")]
    TooLong {
        /// The most that is written.
        limit: usize,
    },
}
