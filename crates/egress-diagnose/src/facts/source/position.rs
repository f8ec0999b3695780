//! Finds the line of a field in a file.
//!
//! Knows the document of an object. The YAML reader finds a path in it.

use std::collections::BTreeMap;

use egress_core::path::{Path, PathStep};
use egress_core::yaml;

use super::documents::{Document, Syntax};
use super::{ObjectKey, Places, SourceFile, Spot};
use crate::finding::{Place, SourceLine};

/// The path of a field, and the place that needs its line.
type Asked<'p> = (Path, &'p mut Place);

impl Places {
    /// Adds to each place the file and line of its field, or of the object if the field is missing.
    pub fn locate<'p>(&self, files: &[SourceFile], places: impl Iterator<Item = &'p mut Place>) {
        let mut asked: BTreeMap<(usize, usize), (Spot, Vec<Asked<'_>>)> = BTreeMap::new();
        for place in places {
            let key =
                ObjectKey::new(&place.kind, place.namespace.as_deref().unwrap_or_default(), &place.name);
            let Some(spot) = self.0.get(&key) else { continue };
            let path = base(spot).into_iter().chain(place.field.as_deref().into_iter().flat_map(steps));
            let path = Path(path.collect());
            asked.entry((spot.file, spot.bytes.0)).or_insert((*spot, Vec::new())).1.push((path, place));
        }
        for (spot, wanted) in asked.into_values() {
            let Some(file) = files.get(spot.file) else { continue };
            let (paths, places): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
            for (line, place) in lines(files, &spot, &paths).into_iter().zip(places) {
                place.source = Some(SourceLine { file: file.name.clone(), line });
            }
        }
    }
}

/// The line on which an object begins.
pub(super) fn line_of(files: &[SourceFile], spot: &Spot, field: Option<&Path>) -> usize {
    let below = field.into_iter().flat_map(|path| path.0.clone());
    let path = base(spot).into_iter().chain(below).collect();
    lines(files, spot, &[Path(path)]).first().copied().unwrap_or(spot.line)
}

/// The document of an object.
pub(super) fn document<'a>(files: &'a [SourceFile], spot: &Spot) -> Option<Document<'a>> {
    let text = files.get(spot.file)?.text.get(spot.bytes.0..spot.bytes.1)?;
    Some(Document { text, bytes: spot.bytes, line: spot.line, form: spot.form })
}

/// The path from the top of a document to an object in it.
fn base(spot: &Spot) -> Vec<PathStep> {
    match (spot.form, spot.item) {
        (Syntax::Item, _) => vec![PathStep::Item(0)],
        (_, Some(item)) => vec![PathStep::Field("items".to_owned()), PathStep::Item(item)],
        (_, None) => Vec::new(),
    }
}

/// The lines of these paths, each as far as it exists.
fn lines(files: &[SourceFile], spot: &Spot, paths: &[Path]) -> Vec<usize> {
    let Some(document) = document(files, spot) else { return vec![spot.line; paths.len()] };
    let places = yaml::places(document.text, paths);
    places.into_iter().map(|place| spot.line + place.name.line - 1).collect()
}

/// The steps of a path as findings write it: `spec.servers[0].port`, `metadata.annotations[example.com/x]`. It ends at
/// `[]`, which means any item.
fn steps(path: &str) -> Vec<PathStep> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some((inside, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            if inside.is_empty() {
                break;
            }
            steps.push(inside.parse().map_or_else(|_| PathStep::Field(inside.to_owned()), PathStep::Item));
            rest = after;
        } else {
            let word = rest.strip_prefix('.').unwrap_or(rest);
            let end = word.find(['.', '[']).unwrap_or(word.len());
            let (name, after) = word.split_at(end);
            steps.push(PathStep::Field(name.to_owned()));
            rest = after;
        }
        // A bracket without its end.
        if rest.starts_with('[') && !rest.contains(']') {
            break;
        }
    }
    steps
}
