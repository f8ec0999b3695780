//! Makes a path relative to a folder.

use std::path::{Component, Path, PathBuf};

/// The path from a folder to a file, starting with `./` or `../`. Both are absolute; the folder need not exist.
pub(super) fn path(folder: &Path, file: &Path) -> String {
    let folder = real(folder);
    let common = folder.components().zip(file.components()).take_while(|(one, other)| one == other).count();
    let up = folder.components().skip(common).map(|_| Component::ParentDir);
    let down = file.components().skip(common);
    let way: PathBuf = up.chain(down).collect();
    let way = way.display().to_string();
    if way.starts_with("..") { way } else { format!("./{way}") }
}

/// The folder without links, as far as it exists.
fn real(folder: &Path) -> PathBuf {
    let existing = folder.ancestors().find_map(|ancestor| Some((ancestor, ancestor.canonicalize().ok()?)));
    match existing {
        Some((ancestor, real)) => real.join(folder.strip_prefix(ancestor).unwrap_or(Path::new(""))),
        None => folder.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_begins_where_one_stands() {
        let way = |folder: &str, file: &str| path(Path::new(folder), Path::new(file));
        assert_eq!(way("/nowhere/.egress", "/nowhere/target/a.wasm"), "../target/a.wasm");
        assert_eq!(way("/nowhere/.egress", "/nowhere/.egress/a.wasm"), "./a.wasm");
    }
}
