//! The fields of a map while they are read: none of them twice, since of two values nobody knows which one counts.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use super::{Field, Tree};

/// Of so many fields a name is looked up among all; of more in a set.
const FEW: usize = 16;

/// The fields of a map, in their order.
#[derive(Default)]
pub struct Fields<'a> {
    all: Vec<Field<'a>>,
    /// Their names, where they are not few.
    names: HashSet<Cow<'a, str>>,
    /// Names that a merge brought: the map itself may still say something else.
    merged: HashSet<Cow<'a, str>>,
}

/// A field that is there twice.
#[derive(Debug, PartialEq, Eq)]
pub struct Twice(
    /// Its name.
    pub String,
);

impl<'a> Fields<'a> {
    /// Adds a field.
    ///
    /// # Errors
    /// [`Twice`] when the map has it.
    pub fn insert(&mut self, name: Cow<'a, str>, value: Tree<'a>) -> Result<(), Twice> {
        if self.is_new(name.clone()) {
            self.all.push((name, value));
        } else if self.merged.remove(&name) {
            self.replace(&name, value);
        } else {
            return Err(Twice(name.into_owned()));
        }
        Ok(())
    }

    /// Adds the fields of another map, as the key `<<` does: they count more than what is there, and less than what
    /// comes.
    pub fn merge(&mut self, fields: Vec<Field<'a>>) {
        for (name, value) in fields {
            if self.is_new(name.clone()) {
                self.all.push((name.clone(), value));
            } else {
                self.replace(&name, value);
            }
            self.merged.insert(name);
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The map.
    pub fn finish(self) -> Tree<'a> {
        Tree::Map(self.all)
    }

    fn is_new(&mut self, name: Cow<'a, str>) -> bool {
        if self.all.len() < FEW {
            return self.all.iter().all(|(there, _)| *there != name);
        }
        if self.names.is_empty() {
            self.names.extend(self.all.iter().map(|(name, _)| name.clone()));
        }
        self.names.insert(name)
    }

    fn replace(&mut self, name: &str, value: Tree<'a>) {
        if let Some((_, there)) = self.all.iter_mut().find(|(there, _)| there == name) {
            *there = value;
        }
    }
}

impl fmt::Display for Twice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the field `{}` appears twice", self.0)
    }
}
