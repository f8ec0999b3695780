//! Where a policy comes from, as a text of one of four forms.

use std::str::FromStr;

use super::Source;
use crate::label::is_subdomain;
use egress_core::digest::is_digest;
use egress_core::host::quoted;

impl FromStr for Source {
    type Err = String;

    /// Reads the text of `source:`; the error says what was expected and what was found.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(rest) = text.strip_prefix("configmap://") {
            return config_map(rest)
                .ok_or_else(|| format!("expected `configmap://NAME/KEY`, found {}", quoted(text)));
        }
        if let Some(rest) = text.strip_prefix("oci://") {
            return oci(rest).map_err(|problem| {
                format!("expected `oci://HOST/REPOSITORY:TAG`, with or without `@sha256:DIGEST`, found {}: {problem}", quoted(text))
            });
        }
        let path = ["./", "../", "/"].iter().any(|start| text.starts_with(start));
        if path && !text.contains(char::is_control) && !text.ends_with('/') {
            return Ok(Source::File(text.to_owned()));
        }
        let hint = if text.contains(".wasm") && !text.contains("://") {
            format!("; did you mean `./{}`?", egress_core::host::printable(text))
        } else {
            String::new()
        };
        Err(format!(
            "expected `./FILE.wasm`, `configmap://NAME/KEY` or `oci://HOST/REPOSITORY:TAG`, found {}{hint}",
            quoted(text)
        ))
    }
}

fn config_map(rest: &str) -> Option<Source> {
    let (name, key) = rest.split_once('/')?;
    let key_character = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_key = !key.is_empty()
        && key.len() <= 253
        && key.bytes().all(key_character)
        && key != "."
        && !key.starts_with("..");
    (is_subdomain(name) && is_key).then(|| Source::ConfigMap { name: name.to_owned(), key: key.to_owned() })
}

fn oci(rest: &str) -> Result<Source, &'static str> {
    let (named, digest) = match rest.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (rest, None),
    };
    let (host, path) = named.split_once('/').ok_or("there is no repository")?;
    let (repository, tag) = match path.rsplit_once(':') {
        Some((repository, tag)) => (repository, Some(tag)),
        None => (path, None),
    };
    let word = |text: &str, more: &[u8]| {
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
        !text.is_empty() && text.bytes().all(inside)
    };
    if !word(host, b".-:[]") {
        return Err("there is no host");
    }
    let part = |part: &str| word(part, b"._-") && part.to_ascii_lowercase() == part;
    if !repository.split('/').all(part) {
        return Err("a repository has lower-case letters, digits, `.`, `_`, `-` and `/`");
    }
    match (tag, digest) {
        (None, None) => Err("the tag or digest is missing"),
        (Some(tag), _) if tag.len() > 128 || !word(tag, b"._-") => Err("this is not a tag"),
        (_, Some(digest)) if !is_digest(digest) => {
            Err("a digest is `sha256:` and 64 lower-case hexadecimal digits")
        }
        _ => Ok(Source::Oci(rest.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_source_reads_back_as_what_was_written() {
        let digest = format!("oci://ghcr.io/acme/hosts@sha256:{}", "0".repeat(64));
        for text in [
            "./a.wasm",
            "../policies/a.wasm",
            "/opt/a.wasm",
            "configmap://acme-policies/a.wasm",
            "oci://localhost:5000/acme/hosts:1.4",
            &digest,
        ] {
            assert_eq!(text.parse::<Source>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_could_leave_its_place_is_no_source() {
        for text in [
            "configmap://a/../b",
            "configmap://A/b",
            "configmap://a/",
            "oci:///a:1",
            "oci://a/B:1",
            "oci://a/b:",
            "./",
            "file:///a.wasm",
        ] {
            assert!(text.parse::<Source>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(configmap://|oci://|\\./)?\\PC{0,30}") {
            if let Ok(source) = text.parse::<Source>() {
                prop_assert_eq!(source.to_string(), text);
            }
        }
    }
}
