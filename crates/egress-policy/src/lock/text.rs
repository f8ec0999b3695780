//! The lock file as TOML, written so that a review shows what changed and nothing else.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::{Lock, LockEntry, LockTextError, VERSION};
use egress_core::digest::is_digest;
use egress_core::host::quoted;
use egress_core::intent::is_label;
use egress_core::text::is_hidden;

const HEADER: &str =
    "# Written by `kubectl egress policy lock`. It says which modules were meant; do not edit it.\n";

/// A lock file as it is written.
#[derive(Serialize)]
struct WrittenLock<'a> {
    version: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    policy: Vec<&'a LockEntry>,
}

/// A lock file as it is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LockFile {
    version: Spanned<u32>,
    #[serde(default)]
    policy: Vec<Spanned<LockEntry>>,
}

pub(super) fn write(lock: &Lock) -> Result<String, LockTextError> {
    let mut policy: Vec<&LockEntry> = lock.entries.iter().collect();
    policy.sort();
    let body = toml::to_string(&WrittenLock { version: VERSION, policy }).map_err(|error| LockTextError {
        line: 1,
        column: 1,
        message: error.to_string(),
    })?;
    Ok(format!("{HEADER}{body}"))
}

pub(super) fn parse(text: &str) -> Result<Lock, LockTextError> {
    let file: LockFile = toml::from_str(text)
        .map_err(|error| at(text, error.span().map_or(0, |span| span.start), one_line(error.message())))?;
    let version = *file.version.get_ref();
    if version != VERSION {
        let message = format!("expected version {VERSION}, found {version}: another kubectl-egress wrote it");
        return Err(at(text, file.version.span().start, message));
    }
    let mut entries: Vec<LockEntry> = Vec::new();
    for item in file.policy {
        let start = item.span().start;
        let entry = item.into_inner();
        check(&entry).map_err(|message| at(text, start, message))?;
        if entries.iter().any(|other| other.name == entry.name) {
            return Err(at(text, start, format!("expected each policy once, found `{}` again", entry.name)));
        }
        entries.push(entry);
    }
    entries.sort();
    Ok(Lock { entries })
}

fn check(entry: &LockEntry) -> Result<(), String> {
    if !is_label(&entry.name) {
        return Err(format!("expected the name of a policy, found {}", quoted(&entry.name)));
    }
    let digests = std::iter::once(&entry.module).chain(&entry.manifest);
    match digests.into_iter().find(|digest| !is_digest(digest)) {
        Some(digest) => Err(format!("expected `sha256:` and 64 digits, found {}", quoted(digest))),
        None => Ok(()),
    }
}

fn one_line(message: &str) -> String {
    message.chars().map(|character| if is_hidden(character) { ' ' } else { character }).collect()
}

fn at(text: &str, offset: usize, message: String) -> LockTextError {
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    LockTextError { line, column, message }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry() -> impl Strategy<Value = LockEntry> {
        let words = || proptest::collection::vec("[a-z]{1,8}@0\\.[0-9]", 0..3);
        let named =
            ("[a-z][a-z0-9-]{0,10}[a-z0-9]", "\\PC{0,20}", proptest::option::of("sha256:[0-9a-f]{64}"));
        let measured = ("sha256:[0-9a-f]{64}", 0..=i64::MAX.cast_unsigned());
        (named, measured, words(), words(), words(), any::<String>(), any::<String>()).prop_map(
            |((name, source, manifest), (module, size), api, imports, needs, id, version_reported)| {
                LockEntry { name, source, manifest, module, size, api, imports, needs, id, version_reported }
            },
        )
    }

    #[test]
    fn a_message_is_one_line_without_hidden_characters() {
        for hidden in ('\0'..=char::MAX).filter(|character| is_hidden(*character)) {
            assert!(!one_line(&format!("a{hidden}b")).contains(is_hidden), "{}", hidden.escape_unicode());
        }
    }

    proptest! {
        #[test]
        fn a_lock_reads_back_as_what_was_written_and_is_the_same_bytes_again(
            mut entries in proptest::collection::vec(entry(), 0..4),
        ) {
            entries.sort();
            entries.dedup_by(|one, other| one.name == other.name);
            let lock = Lock { entries };
            let text = write(&lock).unwrap();
            let read = parse(&text).unwrap();
            prop_assert_eq!(&read, &lock);
            let mut turned = read;
            turned.entries.reverse();
            prop_assert_eq!(write(&turned).unwrap(), text);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}|(version|\\[|\\]|=|\"|policy|\n| |1){0,40}") {
            let _ = parse(&text);
        }
    }
}
