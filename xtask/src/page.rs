//! Pages of `docs` with tables that a command writes: a table stands between two comments with its name.
//!
//! Knows no table.

use std::{fs, path::Path};

use anyhow::Context as _;

/// Replaces what stands between the comments of this name.
pub(crate) fn replace(page: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let old = fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))?;
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) =
        old.split_once(&start).with_context(|| format!("{} has no `{}`", page.display(), start.trim()))?;
    let (_, after) = rest.split_once(&end).with_context(|| format!("{} has no `{end}`", page.display()))?;
    Ok(fs::write(page, format!("{before}{start}{text}\n{end}{after}"))?)
}
