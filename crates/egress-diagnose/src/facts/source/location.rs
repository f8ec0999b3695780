//! Where objects stand in files.

use std::collections::HashMap;

use super::documents::Syntax;

/// A text and its name in messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFile {
    /// As it was typed, or `standard input`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// What identifies an object: kind, namespace (empty if it has none) and name. In one text, since a diagnosis holds many
/// thousand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ObjectKey(Box<str>);

impl ObjectKey {
    pub(crate) fn new(kind: &str, namespace: &str, name: &str) -> Self {
        ObjectKey([kind, namespace, name].join("/").into())
    }
}

/// The location of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The position of its file among all files.
    pub(crate) file: usize,
    /// Where its document begins and ends in the text, in bytes.
    pub(crate) bytes: (usize, usize),
    /// The line on which the document begins, from 1.
    pub(crate) line: usize,
    /// How the document is written.
    pub(crate) form: Syntax,
    /// Its place among the items of a List.
    pub(crate) item: Option<usize>,
}

/// The location of each object.
#[derive(Clone, Debug, Default)]
pub struct Places(pub(crate) HashMap<ObjectKey, Spot>);
