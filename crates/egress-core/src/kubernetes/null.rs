//! A field that is `null`.

use serde::{Deserialize, Deserializer};

/// A field that must be there may still be `null` in a file: then it has no value, as for `k8s-openapi`.
pub(super) fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
