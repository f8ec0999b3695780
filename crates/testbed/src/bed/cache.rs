//! Where the bed keeps what outlives it: built programs, and the folders of the beds. Knows nothing of either.

use std::{env, path::PathBuf};

use anyhow::Context as _;

/// The folder of the bed's programs and of all beds: `kubectl-egress-bed` in the user's cache.
pub(super) fn directory() -> anyhow::Result<PathBuf> {
    let cache = match env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => env::home_dir().context("neither XDG_CACHE_HOME nor HOME is set")?.join(".cache"),
    };
    Ok(cache.join("kubectl-egress-bed"))
}
