//! Takes what each check finds in its own test (`tests/diagnose/<code>/expected*.txt`) into the crate, as examples.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/diagnose");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut rows = Vec::new();
    for entry in fs::read_dir(&root)? {
        let directory = entry?.path();
        let name = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(code) = name.strip_prefix("EG").and_then(|digits| digits.parse::<u16>().ok()) else {
            continue;
        };
        if let Some(file) = first(&directory)? {
            rows.push((code, fs::read_to_string(file)?));
        }
    }
    rows.sort();
    let rows: Vec<String> =
        rows.iter().map(|(code, example)| format!("    ({code}, {example:?}),\n")).collect();
    let head = "/// Codes in order, with what was found.\nconst EXAMPLES: &[(u16, &str)] = &[\n";
    let text = format!("{head}{}];\n", rows.concat());
    let out = env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    fs::write(out.join("examples.rs"), text)
}

/// `expected.txt`, else the first of `expected-….txt`.
fn first(directory: &Path) -> io::Result<Option<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("expected") && path.extension().is_some_and(|ending| ending == "txt") {
            files.push((name.len(), path));
        }
    }
    files.sort();
    Ok(files.into_iter().next().map(|(_, path)| path))
}
