//! The seal on generated files: their second line carries the digest of all that follows, so that an edit by hand is
//! seen without the generator. Knows which folder is generated, and not how.

use egress_core::digest::sha256;

use super::{Tree, Violation};

const FOLDER: &str = "crates/egress-istio/src/";
/// Written by a person: it only names the generated modules.
const WRITTEN: &str = "crates/egress-istio/src/lib.rs";
const SEAL: &str = "//! Digest of what follows: ";

/// A generated file: its first line, the seal, and the rest.
pub(crate) fn sealed(first_line: &str, rest: &str) -> String {
    format!("{first_line}\n{SEAL}{}\n{rest}", sha256(rest))
}

/// Every generated file still is what the generator wrote.
pub(super) fn untouched(tree: &Tree) -> Vec<Violation> {
    let generated = tree.rust().filter(|(path, _)| path.starts_with(FOLDER) && *path != WRITTEN);
    let edited = generated.filter(|(_, text)| !holds(text));
    edited.map(|(path, _)| Violation::of_file(path, "not as generated: run `cargo xtask codegen`")).collect()
}

fn holds(text: &str) -> bool {
    let Some((_, below)) = text.split_once('\n') else { return false };
    let Some((seal, rest)) = below.split_once('\n') else { return false };
    seal.strip_prefix(SEAL) == Some(sha256(rest).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edited_file_is_found() {
        let text = sealed("//! Types.", "\npub struct A;\n");
        let edited = text.replace("struct A", "struct B");
        let tree = Tree::of(&[
            ("crates/egress-istio/src/a.rs", &text),
            ("crates/egress-istio/src/b.rs", &edited),
            ("crates/egress-istio/src/c.rs", "//! No seal.\n"),
            (WRITTEN, "//! Names the modules.\n"),
        ]);

        let violations = untouched(&tree);

        let paths: Vec<_> = violations.iter().map(|violation| violation.path.as_str()).collect();
        assert_eq!(paths, ["crates/egress-istio/src/b.rs", "crates/egress-istio/src/c.rs"]);
    }
}
