//! The path of a value in a document: fields of maps and items of lists.
//!
//! Knows no format and no type.

use std::fmt;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathStep {
    /// To a field of a map.
    Field(String),
    /// To an item of a list.
    Item(usize),
}

/// The steps from the document to a value; none: the document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(
    /// From the outside in.
    pub Vec<PathStep>,
);

impl From<&str> for PathStep {
    fn from(name: &str) -> Self {
        PathStep::Field(name.to_owned())
    }
}

impl From<usize> for PathStep {
    fn from(item: usize) -> Self {
        PathStep::Item(item)
    }
}

impl fmt::Display for Path {
    /// Such as `spec.ports[0].number`; empty for the document.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in self.0.iter().enumerate() {
            match step {
                PathStep::Field(name) if number == 0 => formatter.write_str(name)?,
                PathStep::Field(name) => write!(formatter, ".{name}")?,
                PathStep::Item(item) => write!(formatter, "[{item}]")?,
            }
        }
        Ok(())
    }
}
