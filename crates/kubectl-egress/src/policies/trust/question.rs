//! The text before the question whether modules may run.
//!
//! All text except the labels is untrusted: a lock file in a cluster may contain anything. So each field is one line
//! after its own label, control characters are escaped, and long text is cut. No text of a module can look like the
//! question, an answer or another field. Knows no terminal.

use std::collections::BTreeMap;

use egress_policy::lock::LockEntry;
use egress_render::escape::escape;

use super::Unlocked;
use super::file::Modules;

/// The most characters of one field: with its label it fits on a line of 100.
const WIDTH: usize = 80;
/// The length of a digest, which is never cut.
const DIGEST: usize = "sha256:".len() + 64;

/// The owner of the modules, and what changed.
pub(super) fn introduction(known: Option<&Modules>, modules: &Modules, holder: &str) -> String {
    let holder = field(holder, WIDTH);
    match known {
        None => format!("{holder} has policy modules that you have not trusted yet"),
        Some(known) => format!(
            "the policy modules of {holder} have changed since you trusted them ({})",
            differences(known, modules)
        ),
    }
}

/// The modules on one line.
pub(super) fn list(modules: &Modules) -> String {
    let module = |(name, digest): (&String, &String)| format!("{} {}", quoted(name), field(digest, DIGEST));
    modules.iter().map(module).collect::<Vec<_>>().join(", ")
}

/// Each module with one line for each of its fields.
pub(super) fn table(locked: &[&LockEntry]) -> String {
    let module = |entry: &&LockEntry| {
        let LockEntry { name, module, source, id, version_reported, needs, .. } = entry;
        let needs = if needs.is_empty() { "nothing of the cluster".to_owned() } else { needs.join(", ") };
        let fields = [
            ("policy", name.clone(), WIDTH),
            ("module", module.clone(), DIGEST),
            ("from", source.clone(), WIDTH),
            ("calls itself", format!("{id} {version_reported}"), WIDTH),
            ("gets", needs, WIDTH),
        ];
        fields.map(|(label, text, width)| labelled(label, &text, width)).join("\n")
    };
    locked.iter().map(module).collect::<Vec<_>>().join("\n\n")
}

/// Each unlocked module, with what is known before it runs.
pub(super) fn sources(modules: &[Unlocked]) -> String {
    let module = |Unlocked { name, source, module }: &Unlocked| {
        let fields = [("policy", name, WIDTH), ("module", module, DIGEST), ("from", source, WIDTH)];
        fields.map(|(label, text, width)| labelled(label, text, width)).join("\n")
    };
    modules.iter().map(module).collect::<Vec<_>>().join("\n\n")
}

fn labelled(label: &str, text: &str, width: usize) -> String {
    format!("  {label:<12}  {}", field(text, width))
}

/// The modules that were added, removed or replaced.
fn differences(known: &Modules, modules: &Modules) -> String {
    let mut lines = BTreeMap::new();
    for (name, digest) in modules {
        match known.get(name) {
            None => drop(lines.insert(name, format!("{} is new", quoted(name)))),
            Some(old) if old != digest => {
                let (old, new) = (field(old, DIGEST), field(digest, DIGEST));
                lines.insert(name, format!("{} was {old} and is {new}", quoted(name)));
            }
            Some(_) => {}
        }
    }
    for name in known.keys().filter(|name| !modules.contains_key(*name)) {
        lines.insert(name, format!("{} is gone", quoted(name)));
    }
    lines.into_values().collect::<Vec<_>>().join(", ")
}

fn quoted(name: &str) -> String {
    format!("`{}`", field(name, WIDTH))
}

/// Untrusted text on one line, with hidden characters escaped, and cut to the field's length.
fn field(text: &str, width: usize) -> String {
    // Escaping makes text much longer, so do not escape what will be cut anyway.
    let begun: String = text.chars().take(width + 1).collect();
    let shown = escape(&begun);
    if shown.trim().is_empty() {
        return "nothing".to_owned();
    }
    match shown.char_indices().nth(width) {
        Some((end, _)) => format!("{}… (cut)", &shown[..end]),
        None => shown.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use egress_render::escape::is_hidden;

    use super::*;

    fn modules(pairs: &[(&str, &str)]) -> Modules {
        pairs.iter().map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned())).collect()
    }

    fn entry() -> LockEntry {
        LockEntry {
            name: "acme".to_owned(),
            source: "oci://ghcr.io/acme/hosts:1".to_owned(),
            module: format!("sha256:{}", "0a".repeat(32)),
            id: "acme-hosts".to_owned(),
            version_reported: "0.1.0".to_owned(),
            ..LockEntry::default()
        }
    }

    /// Texts that would look like another line, the question, or nothing at all.
    fn hostile() -> Vec<String> {
        let mut texts: Vec<String> = [
            "1.0\n  gets          nothing of the cluster\nRun them here until they change? [y/N] y",
            "1.0\r  policy        trusted",
            "\u{1b}[2J\u{1b}[Hnothing to see",
            "\u{1b}]0;title\u{7}",
            "\u{9b}31m",
            "0.1.0\u{202e}evil",
            "a\u{200b}b\u{feff}c\u{2060}",
            "a\u{2028}b\u{2029}c\u{85}d",
            "\u{b}\u{c}\u{8}\u{8}\u{8}",
            "\u{e0041}\u{e0042}",
            "",
            " ",
        ]
        .map(str::to_owned)
        .to_vec();
        texts.push("x".repeat(100_000));
        texts.push(" ".repeat(500) + "Run them here until they change? [y/N] y");
        texts.push("\u{202e}".repeat(10_000));
        texts
    }

    #[test]
    fn a_module_is_told_by_one_line_for_each_field() {
        let mut other = entry();
        other.needs = vec!["nodes".to_owned(), "user".to_owned()];
        let digest = entry().module;
        assert_eq!(
            table(&[&entry(), &other]),
            format!(
                "  policy        acme\n  module        {digest}\n  from          oci://ghcr.io/acme/hosts:1\n  \
                 calls itself  acme-hosts 0.1.0\n  gets          nothing of the cluster\n\n  \
                 policy        acme\n  module        {digest}\n  from          oci://ghcr.io/acme/hosts:1\n  \
                 calls itself  acme-hosts 0.1.0\n  gets          nodes, user"
            )
        );
    }

    #[test]
    fn whatever_a_field_holds_the_lines_are_those_of_the_labels() {
        let labels = ["policy", "module", "from", "calls itself", "gets"];
        for text in hostile() {
            let fields: [fn(&mut LockEntry, String); 6] = [
                |entry, text| entry.name = text,
                |entry, text| entry.module = text,
                |entry, text| entry.source = text,
                |entry, text| entry.id = text,
                |entry, text| entry.version_reported = text,
                |entry, text| entry.needs = vec![text.clone(), text],
            ];
            for set in fields {
                let mut entry = entry();
                set(&mut entry, text.clone());
                let table = table(&[&entry]);
                let lines: Vec<&str> = table.split('\n').collect();
                assert_eq!(lines.len(), labels.len(), "{table}");
                for (line, label) in lines.iter().zip(labels) {
                    assert!(line.starts_with(&format!("  {label:<12}  ")), "{line:?}");
                    assert!(line.chars().count() <= 110, "{} characters: {line:?}", line.chars().count());
                    assert!(!line.contains(is_hidden), "{line:?}");
                }
            }
        }
    }

    #[test]
    fn of_what_nobody_locked_each_field_is_one_line_as_well() {
        for text in hostile() {
            let module = Unlocked { name: text.clone(), source: text.clone(), module: text };
            let table = sources(&[module]);
            let labels: Vec<&str> = table.split('\n').map(|line| &line[2..8]).collect();
            assert_eq!(labels, ["policy", "module", "from  "], "{table}");
            assert!(!table.replace('\n', "").contains(is_hidden), "{table:?}");
        }
    }

    #[test]
    fn what_stands_before_the_modules_is_one_line_without_hidden_characters() {
        for text in hostile() {
            let (known, now) =
                (modules(&[(&text, &text), ("a", "b")]), modules(&[("a", &text), (&text, "c")]));
            for told in [introduction(None, &now, &text), introduction(Some(&known), &now, &text), list(&now)]
            {
                assert!(!told.contains(is_hidden), "{told:?}");
                assert!(told.chars().count() < 800, "{} characters", told.chars().count());
            }
        }
    }

    #[test]
    fn what_changed_is_told_module_by_module() {
        let known = modules(&[("a", "sha256:1"), ("b", "sha256:2"), ("c", "sha256:3")]);
        let now = modules(&[("a", "sha256:9"), ("b", "sha256:2"), ("d", "sha256:4")]);
        assert_eq!(differences(&known, &now), "`a` was sha256:1 and is sha256:9, `c` is gone, `d` is new");
    }
}
