//! Items of a Rust file that are compiled for its tests only. Knows no rule.

use syn::{Attribute, ImplItem, Item};

/// Whether an item is there for tests alone.
pub(super) fn is_test(item: &Item) -> bool {
    has_test(attributes(item))
}

/// Whether a function of an `impl` is there for tests alone.
pub(super) fn is_test_function(item: &ImplItem) -> bool {
    matches!(item, ImplItem::Fn(function) if has_test(&function.attrs))
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

fn has_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test")
    })
}
