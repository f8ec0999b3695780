//! A document as a tree that borrows its texts: what is read of an object is copied once, into its type.
//!
//! A tree of `serde_json::Value` copies every name of a field, too, and orders the fields of every map by a hash: for many
//! thousand objects that is most of the time it takes to read them. Knows no format and no type.
//!
//! Not `serde_json_borrow` 0.9: it keeps both values of a field that is there twice, and makes no enums of its values.

use std::borrow::Cow;

use serde_json::{Number, Value};

mod fields;
mod read;

pub use fields::{Fields, Twice};
pub use read::FieldName;

/// A value of any kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree<'a> {
    /// Nothing.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Tree<'a>>),
    /// The fields of a map, in their order; no name is there twice.
    Map(Vec<Field<'a>>),
}

/// A field of a map: its name and its value.
pub type Field<'a> = (Cow<'a, str>, Tree<'a>);

impl<'a> Tree<'a> {
    /// A field of a map.
    pub fn get(&self, name: &str) -> Option<&Tree<'a>> {
        let Tree::Map(fields) = self else { return None };
        fields.iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    /// What a path of fields leads to.
    pub fn at(&self, path: &[&str]) -> Option<&Tree<'a>> {
        path.iter().try_fold(self, |tree, name| tree.get(name))
    }

    /// A field of a map, which gets this value where it has none. None of what is no map.
    pub fn field_or(&mut self, name: &'a str, value: Tree<'a>) -> Option<&mut Tree<'a>> {
        let Tree::Map(fields) = self else { return None };
        let place = fields.iter().position(|(found, _)| found == name).unwrap_or_else(|| {
            fields.push((name.into(), value));
            fields.len() - 1
        });
        fields.get_mut(place).map(|(_, value)| value)
    }

    /// A text.
    pub fn as_str(&self) -> Option<&str> {
        if let Tree::Text(text) = self { Some(text) } else { None }
    }

    /// The fields of a map, with their names.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Tree<'a>)> {
        let fields = if let Tree::Map(fields) = self { fields.as_slice() } else { &[] };
        fields.iter().map(|(name, value)| (name.as_ref(), value))
    }
}

impl<'a> From<&'a str> for Tree<'a> {
    fn from(text: &'a str) -> Self {
        Tree::Text(text.into())
    }
}

impl<'a> From<&'a Value> for Tree<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Tree::Null,
            Value::Bool(value) => Tree::Bool(*value),
            Value::Number(number) => Tree::Number(number.clone()),
            Value::String(text) => Tree::Text(text.into()),
            Value::Array(items) => Tree::List(items.iter().map(Tree::from).collect()),
            Value::Object(fields) => {
                Tree::Map(fields.iter().map(|(name, value)| (name.into(), value.into())).collect())
            }
        }
    }
}

impl From<&Tree<'_>> for Value {
    fn from(tree: &Tree<'_>) -> Self {
        match tree {
            Tree::Null => Value::Null,
            Tree::Bool(value) => Value::Bool(*value),
            Tree::Number(number) => Value::Number(number.clone()),
            Tree::Text(text) => Value::String(text.clone().into_owned()),
            Tree::List(items) => Value::Array(items.iter().map(Value::from).collect()),
            Tree::Map(fields) => Value::Object(
                fields.iter().map(|(name, value)| (name.clone().into_owned(), value.into())).collect(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tree_of_a_value_is_that_value() {
        let value = json!({"b": [1, -2, 0.5, null, true], "a": {"text": "x"}});
        assert_eq!(Value::from(&Tree::from(&value)), value);
    }
}
