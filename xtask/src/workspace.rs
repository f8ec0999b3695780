//! Where this repository lies. Knows no file in it.

use std::path::{Path, PathBuf};

/// The root of the repository that these tasks were built from.
pub fn root() -> PathBuf {
    let tasks = Path::new(env!("CARGO_MANIFEST_DIR"));
    tasks.parent().unwrap_or(tasks).to_owned()
}
