//! The manifest of a crate of the workspace, as it is outside of the workspace: with the workspace's own words in the places
//! that refer to them, and without what only its tests need.

use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike, TomlError, Value};

/// What a key refers to the workspace by.
const SHARED: &str = "workspace";

/// The manifest, standing alone.
pub(crate) fn standalone(manifest: &str, workspace: &str) -> Result<String, TomlError> {
    let mut manifest: DocumentMut = manifest.parse()?;
    let workspace: DocumentMut = workspace.parse()?;
    let shared = |table: &str, key: &str| workspace.get(SHARED)?.get(table)?.get(key);
    manifest.remove("dev-dependencies");
    for (name, item) in manifest.iter_mut() {
        match (name.get(), item) {
            ("package", Item::Table(package)) => {
                fill(package, |key, _| shared("package", key).cloned());
            }
            ("dependencies", Item::Table(dependencies)) => {
                fill(dependencies, |key, own| dependency(shared("dependencies", key)?, own));
            }
            _ => {}
        }
    }
    Ok(manifest.to_string())
}

/// Puts something else in the place of every item that refers to the workspace.
fn fill(table: &mut Table, other: impl Fn(&str, &dyn TableLike) -> Option<Item>) {
    for (mut key, item) in table.iter_mut() {
        let filled = match item.as_table_like() {
            Some(own) if own.contains_key(SHARED) => other(key.get(), own),
            _ => None,
        };
        if let Some(mut filled) = filled {
            if let Item::Value(value) = &mut filled {
                value.decor_mut().clear();
            }
            key.fmt();
            *item = filled;
        }
    }
}

/// A dependency of the workspace, with what the crate says of its own.
fn dependency(shared: &Item, own: &dyn TableLike) -> Option<Item> {
    let mut merged = match shared.as_inline_table() {
        Some(table) => table.clone(),
        None => InlineTable::from_iter([("version", shared.as_str()?)]),
    };
    for (key, item) in own.iter().filter(|(key, _)| *key != SHARED) {
        merged.insert(key, item.clone().into_value().ok()?);
    }
    merged.fmt();
    Some(Item::Value(Value::InlineTable(merged)))
}
