//! What single values of the file may be, so that a wrong one is told where it stands.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::de::{Deserialize, Deserializer, Error};

use super::{API_VERSION, KIND};
use crate::descriptor::Hook;
use crate::label::is_subdomain;
use crate::layer::Effect;
use crate::rules::glob::HostGlob;
use egress_core::host::{printable, quoted};
use egress_core::intent::is_label;
use egress_core::words::unknown;

/// A value that is written as a text.
pub(super) struct TextValue<T>(pub(super) T);

/// The version of the file.
pub(super) struct Version;

/// The kind of the file.
pub(super) struct FileKind;

/// The word for the policy that is built in.
pub(super) struct Builtin;

/// A name, such as `acme-hosts`.
pub(super) struct PolicyName(pub(super) String);

/// The prefix of labels: what stands before the `/`.
pub(super) struct Prefix(pub(super) String);

/// One line of text.
pub(super) struct Line(pub(super) String);

/// What happens where all abstain.
pub(super) struct EffectWord(pub(super) Effect);

/// A hook by its word.
pub(super) struct HookWord(pub(super) Hook);

/// What an exception is for.
pub(super) struct ExceptionDestination(pub(super) HostGlob);

/// A day.
pub(super) struct Day(pub(super) Date);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for TextValue<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(TextValue).map_err(D::Error::custom)
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        the_word(text, API_VERSION).map(|()| Version)
    }
}

impl FromStr for FileKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        the_word(text, KIND).map(|()| FileKind)
    }
}

impl FromStr for Builtin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "rules" {
            return Ok(Builtin);
        }
        Err(format!("expected `rules`, the only built-in policy, found {}", quoted(text)))
    }
}

impl FromStr for PolicyName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if is_label(text) {
            return Ok(PolicyName(text.to_owned()));
        }
        let found = quoted(text);
        Err(format!("expected a name of at most 63 lower-case letters, digits and `-` inside, found {found}"))
    }
}

impl FromStr for Prefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if is_subdomain(text) {
            return Ok(Prefix(text.to_owned()));
        }
        Err(format!(
            "expected the prefix of labels and annotations, such as `acme.com` for `acme.com/owner`, found {}",
            quoted(text)
        ))
    }
}

impl FromStr for Line {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() || text.contains(char::is_control) {
            return Err(format!("expected one line of text, found {}", quoted(&printable(text))));
        }
        Ok(Line(text.to_owned()))
    }
}

impl FromStr for EffectWord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "allow" => Ok(EffectWord(Effect::Allow)),
            "deny" => Ok(EffectWord(Effect::Deny)),
            other => Err(unknown("word", other, &["allow", "deny"])),
        }
    }
}

impl FromStr for HookWord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let hook = Hook::ALL.into_iter().find(|hook| hook.word() == text);
        hook.map(HookWord).ok_or_else(|| unknown("word", text, &Hook::ALL.map(Hook::word)))
    }
}

impl FromStr for ExceptionDestination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let destination: HostGlob = text.parse().map_err(|error| format!("{error}"))?;
        if destination.is_every_host() {
            let message = "expected a host or `*.` and a host, found `*`: an exception for every host would disable the \
                           rule";
            return Err(message.to_owned());
        }
        Ok(ExceptionDestination(destination))
    }
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A date and nothing more: a time of day would need a zone, and nobody reviews to the hour.
        let parsed = text.parse().ok().filter(|_| text.len() == "2026-12-31".len());
        parsed.map(Day).ok_or_else(|| format!("expected a day such as `2026-12-31`, found {}", quoted(text)))
    }
}

fn the_word(found: &str, expected: &str) -> Result<(), String> {
    if found == expected {
        return Ok(());
    }
    Err(format!("expected `{expected}`, found {}", quoted(found)))
}
