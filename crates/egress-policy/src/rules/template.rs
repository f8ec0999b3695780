//! Templates of names: `eg-{namespace}-{host-slug}-{hash6}`.
//!
//! Knows the fields and what a name may hold. Lengths are cut elsewhere.

use std::fmt;
use std::str::FromStr;

use crate::request::Slot;
use egress_core::digest::short_sha256;
use egress_core::host::quoted;
use egress_core::words::unknown;

/// A template that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(Field),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    /// As it is, with its dots.
    Host,
    /// With dashes for dots.
    HostSlug,
    /// The slug's first 20 characters.
    Short,
    Namespace,
    Role,
    Kind,
    Hash6,
    Hash8,
}

const FIELDS: [(&str, Field); 8] = [
    ("host", Field::Host),
    ("host-slug", Field::HostSlug),
    ("short", Field::Short),
    ("namespace", Field::Namespace),
    ("role", Field::Role),
    ("kind", Field::Kind),
    ("hash6", Field::Hash6),
    ("hash8", Field::Hash8),
];

impl Template {
    /// The name of one object.
    pub(super) fn fill(&self, host: &str, namespace: &str, slot: &Slot) -> String {
        // A wildcard's star is no part of any name.
        let plain = host.strip_prefix("*.").map_or(host.to_owned(), |rest| format!("any.{rest}"));
        let slug: String = plain
            .chars()
            .map(|character| if character.is_ascii_alphanumeric() { character } else { '-' })
            .collect();
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Field(Field::Host) => plain.clone(),
            Piece::Field(Field::HostSlug) => slug.clone(),
            Piece::Field(Field::Short) => {
                slug.chars().take(20).collect::<String>().trim_end_matches('-').to_owned()
            }
            Piece::Field(Field::Namespace) => namespace.to_owned(),
            Piece::Field(Field::Role) => slot.role.clone(),
            Piece::Field(Field::Kind) => slot.kind.to_lowercase(),
            Piece::Field(Field::Hash6) => short_sha256(host, 6),
            Piece::Field(Field::Hash8) => short_sha256(host, 8),
        });
        pieces.collect()
    }

    /// Whether it tells the objects of one host apart by itself.
    pub(super) fn has_role(&self) -> bool {
        self.0.contains(&Piece::Field(Field::Role))
    }

    /// Whether two hosts always get two names.
    pub(super) fn tells_hosts_apart(&self) -> bool {
        let apart = |piece: &Piece| matches!(piece, Piece::Field(Field::Host | Field::Hash6 | Field::Hash8));
        self.0.iter().any(apart)
    }
}

impl FromStr for Template {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else {
                return Err(format!("expected `}}` after `{{`, found {}", quoted(text)));
            };
            pieces.extend(literal(before)?);
            let known = FIELDS.iter().find(|(word, _)| *word == name);
            let words = FIELDS.map(|(word, _)| word);
            let (_, field) = known.ok_or_else(|| unknown("field", name, &words))?;
            pieces.push(Piece::Field(*field));
            rest = after;
        }
        pieces.extend(literal(rest)?);
        let of_host = |piece: &Piece| matches!(piece, Piece::Field(field) if !matches!(field, Field::Namespace | Field::Role | Field::Kind));
        if !pieces.iter().any(of_host) {
            let found = quoted(text);
            return Err(format!(
                "expected a field of the host such as `{{host-slug}}`, found none in {found}"
            ));
        }
        let outside = |text: &str| text.starts_with(['-', '.']);
        let ends = |text: &str| text.ends_with(['-', '.']);
        let starts_badly = matches!(pieces.first(), Some(Piece::Text(text)) if outside(text));
        let ends_badly = matches!(pieces.last(), Some(Piece::Text(text)) if ends(text));
        if starts_badly || ends_badly {
            return Err(format!("expected a letter or digit at both ends, found {}", quoted(text)));
        }
        Ok(Template(pieces))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => formatter.write_str(text)?,
                Piece::Field(field) => {
                    let word = FIELDS.iter().find(|(_, known)| known == field).map(|(word, _)| *word);
                    write!(formatter, "{{{}}}", word.unwrap_or_default())?;
                }
            }
        }
        Ok(())
    }
}

fn literal(text: &str) -> Result<Option<Piece>, String> {
    let wrong = |character: char| !matches!(character, 'a'..='z' | '0'..='9' | '-' | '.');
    match text.chars().find(|character| wrong(*character)) {
        Some(character) => Err(format!(
            "expected lower-case letters, digits, `-`, `.` and fields in `{{}}`, found {}",
            quoted(&character.to_string())
        )),
        None => Ok((!text.is_empty()).then(|| Piece::Text(text.to_owned()))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_template_says_what_was_expected() {
        for (text, error) in [
            ("eg-{hots-slug}", "found the field `hots-slug`; did you mean `host-slug`?"),
            ("eg-{host", "expected `}` after `{`"),
            ("eg-{namespace}", "expected a field of the host such as `{host-slug}`"),
            ("EG-{host}", "found `E`"),
            ("-{host}", "expected a letter or digit at both ends"),
            ("{host}.", "expected a letter or digit at both ends"),
        ] {
            let found = text.parse::<Template>().unwrap_err();
            assert!(found.contains(error), "{text}: {found}");
        }
    }

    #[test]
    fn only_some_fields_tell_every_two_hosts_apart() {
        for (text, apart) in [("{host}", true), ("{short}-{hash6}", true), ("{host-slug}", false)] {
            assert_eq!(text.parse::<Template>().unwrap().tells_hosts_apart(), apart, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_template_reads_back_as_what_was_written(
            text in r"([a-z0-9]|\{(host|host-slug|short|namespace|role|kind|hash6|hash8)\}){1,8}",
        ) {
            if let Ok(template) = text.parse::<Template>() {
                prop_assert_eq!(template.to_string(), text);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            let _ = text.parse::<Template>();
        }
    }
}
