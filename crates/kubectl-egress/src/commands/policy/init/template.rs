//! The files of a new project, from the archive that the build script packed.
//!
//! Knows which parts of the archive a language needs, and the placeholders. Does not know how to build a policy.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use tar::Archive;

use crate::commands::policy::build::MODULE;
use crate::settings::policy::language::Language;

/// The files of the languages in `template/`, the crate egress-policy-sdk in `sdk/` and the interfaces in `wit/`.
const ARCHIVE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/policy-project.tar.gz"));
/// The suffix of files that a tool would misread in the template's folder: cargo would take `Cargo.toml` for a package.
const TEMPLATE: &str = "template";

/// Path and text of each file of a project with this name.
pub(super) fn files(name: &str, language: Language) -> io::Result<Vec<(PathBuf, String)>> {
    let words = words(name, language);
    let mut files = Vec::new();
    for entry in Archive::new(GzDecoder::new(ARCHIVE)).entries()? {
        let mut entry = entry?;
        let packed = entry.path()?.into_owned();
        let mut parts = parts(language).into_iter();
        let Some((part, place)) = parts.find_map(|(part, to)| {
            let rest = packed.strip_prefix(part).ok()?;
            Some((part, Path::new(to).join(rest)))
        }) else {
            continue;
        };
        let mut text = String::new();
        entry.read_to_string(&mut text)?;
        if part.starts_with(TEMPLATE) {
            text = words.iter().fold(text, |text, (word, value)| text.replace(word, value));
        }
        let is_renamed = place.extension().is_some_and(|extension| extension == TEMPLATE);
        files.push((if is_renamed { place.with_extension("") } else { place }, text));
    }
    Ok(files)
}

/// The parts of the archive that a project needs, and their folders.
fn parts(language: Language) -> Vec<(&'static str, &'static str)> {
    let mut parts = vec![("template/common", "")];
    parts.extend(match language {
        Language::Rust => [("template/rust", ""), ("wit", "sdk/wit")],
        Language::JavaScript => [("template/javascript", ""), ("wit", "wit")],
        Language::Python => [("template/python", ""), ("wit", "wit")],
    });
    if language == Language::Rust {
        parts.push(("sdk", "sdk"));
    }
    parts
}

/// The placeholders in the files, and their values.
fn words(name: &str, language: Language) -> [(&'static str, String); 6] {
    let in_rust = name.replace('-', "_");
    // The fuel limit of the case with two destinations: an interpreter needs more for the same answer.
    let (module, fuel, native_test) = match language {
        Language::Rust => {
            let module = format!("target/wasm32-wasip2/release/{in_rust}.wasm");
            (module, "200k", "      - run: cargo test\n")
        }
        Language::JavaScript => (MODULE.to_owned(), "10M", ""),
        Language::Python => (MODULE.to_owned(), "2M", ""),
    };
    [
        ("{name}", name.to_owned()),
        ("{crate}", in_rust),
        ("{type}", type_name(name)),
        ("{module}", module),
        ("{fuel}", fuel.to_owned()),
        ("{native-test}\n", native_test.to_owned()),
    ]
}

/// `acme-hosts` becomes `AcmeHosts`.
fn type_name(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_put_in() {
        for language in [Language::Rust, Language::JavaScript, Language::Python] {
            for (place, text) in files("acme-hosts2", language).unwrap() {
                for word in ["{name}", "{crate}", "{type}", "{module}", "{fuel}", "{native-test}"] {
                    assert!(!text.contains(word), "{} has {word}", place.display());
                }
            }
        }
    }

    #[test]
    fn a_crate_and_a_type_are_named_as_rust_has_it() {
        let files = files("acme-hosts2", Language::Rust).unwrap();
        let text = |name: &str| &files.iter().find(|(place, _)| place == Path::new(name)).unwrap().1;
        assert!(text("src/lib.rs").contains("export_policy!(AcmeHosts2: hosts);"));
        assert!(text("tests/hosts.yaml").contains("../target/wasm32-wasip2/release/acme_hosts2.wasm"));
    }
}
