//! The difference between what exists and what is wanted, as `kubectl diff` shows it: YAML, unified, an object at a time.
//!
//! Knows the notation only. Which objects are written was decided in `egress_core::plan`.

use egress_core::plan::Plan;
use egress_core::resource::{ObjectId, Resource};
use similar::TextDiff;

use crate::changes;
use crate::error::RenderError;
use crate::escape::escape;
use crate::manifest;
use crate::palette::{Palette, paint};

/// How every annotation of ours begins.
const OURS: &str = "kubectl-egress.github.io/";

/// The unified diff of every object of every plan, in order; empty where nothing would be written.
///
/// # Errors
/// [`RenderError`] when an object cannot be written as YAML.
pub fn unified(plans: &[Plan], api_version: &str, palette: &Palette) -> Result<String, RenderError> {
    let mut text = String::new();
    for change in changes::of(plans).iter().flatten().filter(|change| change.operation().is_some()) {
        let wanted = change.wanted.map(|wanted| merged(wanted, change.found));
        let (found, wanted) = (yaml(change.found, api_version)?, yaml(wanted.as_ref(), api_version)?);
        text.push_str(&coloured(&one(&file_name(change.id, api_version), &found, &wanted), palette));
    }
    Ok(text)
}

/// The unified diff of one file; empty where nothing changes.
pub fn file(name: &str, old: &str, new: &str, palette: &Palette) -> String {
    let name = escape(name);
    let diff = TextDiff::from_lines(old, new);
    coloured(&diff.unified_diff().header(&format!("a/{name}"), &format!("b/{name}")).to_string(), palette)
}

/// What server-side apply leaves behind: labels and annotations of others stay.
fn merged(wanted: &Resource, found: Option<&Resource>) -> Resource {
    let mut merged = wanted.clone();
    if let Some(found) = found {
        for (map, others) in
            [(&mut merged.labels, &found.labels), (&mut merged.annotations, &found.annotations)]
        {
            for (key, value) in others.iter().filter(|(key, _)| !key.starts_with(OURS)) {
                map.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
    }
    merged
}

fn one(name: &str, found: &str, wanted: &str) -> String {
    let (live, merged) = (format!("LIVE/{name}"), format!("MERGED/{name}"));
    let diff = TextDiff::from_lines(found, wanted);
    let hunks = diff.unified_diff().header(&live, &merged).to_string();
    if hunks.is_empty() { hunks } else { format!("diff -u -N {live} {merged}\n{hunks}") }
}

fn yaml(resource: Option<&Resource>, api_version: &str) -> Result<String, RenderError> {
    match resource {
        None => Ok(String::new()),
        Some(resource) => manifest::yaml(&[resource.to_json(api_version)?]),
    }
}

/// The name kubectl gives the file of an object: `networking.istio.io.v1.ServiceEntry.shop.edition-cnn-com`.
fn file_name(id: &ObjectId, api_version: &str) -> String {
    let ObjectId { kind, namespace, name } = id;
    let (group, version) = (kind.group(), kind.version(api_version));
    escape(&format!("{group}.{version}.{kind}.{namespace}.{name}")).into_owned()
}

fn coloured(diff: &str, palette: &Palette) -> String {
    let line = |line: &str| {
        let style = match line.as_bytes() {
            [b'd', ..] | [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => palette.heading,
            [b'+', ..] => palette.good,
            [b'-', ..] => palette.bad,
            [b'@', ..] => palette.faint,
            _ => return format!("{line}\n"),
        };
        format!("{}\n", paint(style, line))
    };
    diff.lines().map(line).collect()
}
