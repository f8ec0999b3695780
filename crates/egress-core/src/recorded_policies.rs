//! Who decided when an object was written: the text of its annotation, and what has changed since.
//!
//! Knows that text. Knows neither objects nor policies.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;
use thiserror::Error;

use crate::digest::{is_digest, is_hexadecimal};

/// A policy as an object remembers it: `acme-hosts@1.4.2 sha256:…`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedPolicy {
    /// Its name in the configuration.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `sha256:` and 64 digits of the module, or `settings:` and 12 digits of what is built in.
    pub digest: String,
}

/// What has changed since an object was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "change")]
pub enum PolicyDifference {
    /// A policy that was not asked then.
    Added {
        /// It.
        today: RecordedPolicy,
    },
    /// A policy that was asked then, and is no longer there.
    Removed {
        /// It.
        recorded: RecordedPolicy,
    },
    /// Another version, other bytes or other settings.
    Changed {
        /// Then.
        recorded: RecordedPolicy,
        /// Now.
        today: RecordedPolicy,
    },
}

/// A text that is not such a record.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("expected `NAME@VERSION sha256:…` or `NAME@VERSION settings:…`, found `{0}`")]
pub struct RecordedPolicyError(String);

/// The annotation's text: `a@1.0.0 sha256:…, b@0.1.0 settings:…`, sorted by name.
pub fn to_text(recorded: &[RecordedPolicy]) -> String {
    let mut sorted: Vec<&RecordedPolicy> = recorded.iter().collect();
    sorted.sort();
    sorted.into_iter().map(RecordedPolicy::to_string).collect::<Vec<_>>().join(", ")
}

/// Reads the annotation's text. An empty text is nobody.
///
/// # Errors
/// [`RecordedPolicyError`] names the part that is not a record.
pub fn parse(text: &str) -> Result<Vec<RecordedPolicy>, RecordedPolicyError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    text.split(',').map(|part| part.trim().parse()).collect()
}

/// What has changed between what an object remembers and today, by name.
pub fn outdated(recorded: &[RecordedPolicy], today: &[RecordedPolicy]) -> Vec<PolicyDifference> {
    let mut differences = Vec::new();
    for then in recorded {
        match today.iter().find(|now| now.name == then.name) {
            None => differences.push(PolicyDifference::Removed { recorded: then.clone() }),
            Some(now) if now != then => {
                differences.push(PolicyDifference::Changed { recorded: then.clone(), today: now.clone() });
            }
            Some(_) => {}
        }
    }
    let new = today.iter().filter(|now| recorded.iter().all(|then| then.name != now.name));
    differences.extend(new.map(|now| PolicyDifference::Added { today: now.clone() }));
    differences.sort_by(|one, other| one.name().cmp(other.name()));
    differences
}

impl PolicyDifference {
    /// The policy's name.
    pub fn name(&self) -> &str {
        match self {
            PolicyDifference::Added { today } | PolicyDifference::Changed { today, .. } => &today.name,
            PolicyDifference::Removed { recorded } => &recorded.name,
        }
    }
}

/// One sentence without a full stop.
impl fmt::Display for PolicyDifference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PolicyDifference::Added { today } => write!(formatter, "{today} was not asked then"),
            PolicyDifference::Removed { recorded } => write!(formatter, "{recorded} is no longer asked"),
            PolicyDifference::Changed { recorded, today } if recorded.version == today.version => {
                let RecordedPolicy { name, version, digest } = recorded;
                write!(formatter, "{name} {version} was {digest}, is {}", today.digest)
            }
            PolicyDifference::Changed { recorded, today } => {
                write!(formatter, "{} was {}, is {}", today.name, recorded.version, today.version)
            }
        }
    }
}

impl fmt::Display for RecordedPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{} {}", self.name, self.version, self.digest)
    }
}

impl FromStr for RecordedPolicy {
    type Err = RecordedPolicyError;

    fn from_str(text: &str) -> Result<Self, RecordedPolicyError> {
        let parts = || {
            let (policy, digest) = text.split_once(' ')?;
            let (name, version) = policy.split_once('@')?;
            let plain = |part: &str| !part.is_empty() && !part.contains([' ', ',', '@']);
            let recorded = RecordedPolicy {
                name: name.to_owned(),
                version: version.to_owned(),
                digest: digest.to_owned(),
            };
            (plain(name) && plain(version) && is_fingerprint(digest)).then_some(recorded)
        };
        parts().ok_or_else(|| RecordedPolicyError(text.chars().take(200).collect()))
    }
}

/// Of a module, or of settings.
fn is_fingerprint(text: &str) -> bool {
    is_digest(text) || text.strip_prefix("settings:").is_some_and(|digits| is_hexadecimal(digits, 12))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(text: &str) -> RecordedPolicy {
        text.parse().unwrap()
    }

    fn module(name: &str, version: &str, digit: char) -> RecordedPolicy {
        of(&format!("{name}@{version} sha256:{}", digit.to_string().repeat(64)))
    }

    #[test]
    fn what_has_changed_is_told_by_name() {
        let then =
            [module("hosts", "1.4.1", 'a'), module("names", "1.0.0", 'b'), module("zones", "0.1.0", 'c')];
        let now = [
            of("baseline@0.1.0 settings:0123456789ab"),
            module("hosts", "1.4.2", 'd'),
            module("names", "1.0.0", 'e'),
        ];
        let told: Vec<String> = outdated(&then, &now).iter().map(PolicyDifference::to_string).collect();
        assert_eq!(
            told,
            [
                "baseline@0.1.0 settings:0123456789ab was not asked then".to_owned(),
                "hosts was 1.4.1, is 1.4.2".to_owned(),
                format!("names 1.0.0 was sha256:{}, is sha256:{}", "b".repeat(64), "e".repeat(64)),
                format!("zones@0.1.0 sha256:{} is no longer asked", "c".repeat(64)),
            ]
        );
        assert_eq!(outdated(&now, &now), []);
    }

    #[test]
    fn what_is_no_record_is_shown() {
        for text in [
            "a",
            "a@1",
            "a@1 sha256:12",
            "@1 settings:0123456789ab",
            "a@1 md5:0123456789ab",
            "a@1 settings:0123456789AB",
        ] {
            assert_eq!(text.parse::<RecordedPolicy>().unwrap_err().0, text);
        }
        assert_eq!(parse(" "), Ok(Vec::new()));
    }

    proptest! {
        #[test]
        fn the_annotation_reads_back_as_what_was_written(
            parts in proptest::collection::btree_map(
                "[a-z][a-z0-9-]{0,20}",
                ("[0-9]{1,2}\\.[0-9]{1,2}\\.[0-9](-rc\\.[0-9])?(\\+[a-z0-9]{1,5})?", "sha256:[0-9a-f]{64}|settings:[0-9a-f]{12}"),
                0..4,
            ),
        ) {
            let recorded: Vec<RecordedPolicy> = parts
                .into_iter()
                .map(|(name, (version, digest))| RecordedPolicy { name, version, digest })
                .collect();
            prop_assert_eq!(parse(&to_text(&recorded)).unwrap(), recorded);
        }

        #[test]
        fn no_annotation_makes_it_panic(text in any::<String>()) {
            let _ = parse(&text);
        }
    }
}
