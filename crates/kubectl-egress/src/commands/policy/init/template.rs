//! The files of a new project.

use std::path::Path;

/// Where the crate is fetched from while no registry has it.
const REPOSITORY: &str = "https://github.com/kubectl-egress/kubectl-egress";

/// Place and text, with the names that stand in braces.
const FILES: [(&str, &str); 9] = [
    ("Cargo.toml", include_str!("template/Cargo.toml.txt")),
    ("src/lib.rs", include_str!("template/lib.rs.txt")),
    ("settings.schema.json", include_str!("template/settings.schema.json")),
    (".cargo/config.toml", include_str!("template/cargo-config.toml")),
    ("rust-toolchain.toml", include_str!("template/rust-toolchain.toml")),
    ("tests/hosts.yaml", include_str!("template/hosts.yaml.txt")),
    ("README.md", include_str!("template/README.md.txt")),
    (".github/workflows/policy.yml", include_str!("template/ci.yml.txt")),
    (".gitignore", include_str!("template/gitignore.txt")),
];

/// The interfaces, as they are released.
const INTERFACES: [(&str, &str); 6] = [
    ("wit/hosts.wit", include_str!("../../../../../../wit/policy-0.1.0/hosts.wit")),
    ("wit/meta.wit", include_str!("../../../../../../wit/policy-0.1.0/meta.wit")),
    ("wit/naming.wit", include_str!("../../../../../../wit/policy-0.1.0/naming.wit")),
    ("wit/pinning.wit", include_str!("../../../../../../wit/policy-0.1.0/pinning.wit")),
    ("wit/types.wit", include_str!("../../../../../../wit/policy-0.1.0/types.wit")),
    ("wit/world.wit", include_str!("../../../../../../wit/policy-0.1.0/world.wit")),
];

/// The files of a project of this name; `sdk`: where the crate is on this machine.
pub(super) fn files(name: &str, sdk: Option<&Path>) -> Vec<(&'static str, String)> {
    let source = match sdk {
        Some(path) => format!("path = {}", quoted(&path.to_string_lossy())),
        None => format!("git = {}", quoted(REPOSITORY)),
    };
    let words = [
        ("{name}", name.to_owned()),
        ("{crate}", name.replace('-', "_")),
        ("{type}", type_name(name)),
        ("{sdk}", source),
    ];
    let fill =
        |text: &str| words.iter().fold(text.to_owned(), |text, (word, value)| text.replace(word, value));
    let filled = FILES.into_iter().map(|(place, text)| (place, fill(text)));
    filled.chain(INTERFACES.into_iter().map(|(place, text)| (place, text.to_owned()))).collect()
}

/// `acme-hosts` is `AcmeHosts`.
fn type_name(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(capital).collect()
}

/// A text as TOML has it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_put_in() {
        let files = files("acme-hosts2", Some(Path::new("/a \"b\"")));
        let text = |place: &str| &files.iter().find(|(found, _)| *found == place).unwrap().1;
        assert!(text("Cargo.toml").contains(r#"egress-policy-sdk = { path = "/a \"b\"" }"#));
        assert!(text("src/lib.rs").contains("export_policy!(AcmeHosts2: hosts);"));
        assert!(text("tests/hosts.yaml").contains("release/acme_hosts2.wasm"));
        for (place, text) in &files {
            for word in ["{name}", "{crate}", "{type}", "{sdk}"] {
                assert!(!text.contains(word), "{place} has {word}");
            }
        }
    }
}
