//! Texts become what kubectl makes of them.

use serde_json::Value;

use super::*;
use crate::text::is_hidden;

/// Texts, and what kubectl's own converter makes of them.
const KUBECTL: &str = include_str!("../../../../tests/yaml/kubectl.txt");

fn first(text: &str) -> Result<Value, SyntaxError> {
    documents(text).next().unwrap_or(Ok(Tree::Null)).map(|tree| Value::from(&tree))
}

#[test]
fn every_text_is_what_kubectl_makes_of_it() {
    let rows = KUBECTL.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut number = 0;
    for row in rows {
        let (text, expected) = row.split_once('\t').unwrap();
        let text: String = serde_json::from_str(text).unwrap();
        let found = first(&text);
        if expected == "error" {
            assert!(found.is_err(), "{text:?}: {found:?}");
        } else {
            let expected: Value = serde_json::from_str(expected).unwrap();
            assert!(
                found.as_ref().is_ok_and(|found| is_same(found, &expected)),
                "{text:?}: {found:?}, not {expected}"
            );
        }
        number += 1;
    }
    assert!(number > 200, "{number} texts");
}

/// Beyond 64 bits all that counts is the value.
fn is_same(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Number(found), Value::Number(expected)) => {
            found == expected
                || (found.as_f64() == expected.as_f64() && expected.as_i64().is_none_or(|value| value == 0))
        }
        (Value::Object(found), Value::Object(expected)) => {
            found.len() == expected.len()
                && found
                    .iter()
                    .all(|(name, value)| expected.get(name).is_some_and(|other| is_same(value, other)))
        }
        _ => found == expected,
    }
}

#[test]
fn a_field_that_is_there_twice_is_refused_where_it_stands() {
    let error = parse("a: 1\nb:\n  c: 1\n  c: 2\n").unwrap_err();
    assert_eq!(error.to_string(), "the field `c` appears twice at line 4 column 3");
    assert!(parse("'5': 1\n5: 2\n").is_err());
}

#[test]
fn messages_have_no_hidden_characters() {
    for hidden in ('\u{1}'..=char::MAX).filter(|character| is_hidden(*character)) {
        let name = format!("a{hidden}b");
        for text in [format!("? {name}\n: 1\n? {name}\n: 2\n"), format!("%{name}\n---\n*{name}")] {
            let message = parse(&text).map_err(|error| error.message).err().unwrap_or_default();
            assert!(!message.contains(is_hidden), "{}", hidden.escape_unicode());
        }
    }
}

#[test]
fn the_items_before_a_fault_are_handed_out_one_by_one() {
    let mut names = Vec::new();
    let take = |tree: Tree<'_>, is_item| names.push((tree.as_str().map(str::to_owned), is_item));
    let error = values("kind: List\nitems:\n  - one\n  - two\n  - [three\n", "items", take).unwrap_err();
    assert_eq!(names.len(), 2);
    assert!(names.iter().all(|(_, is_item)| *is_item));
    assert!(error.line >= 5, "{error}");
}

#[test]
fn a_list_that_has_a_name_is_handed_out_as_well() {
    for text in ["items: &all [1, 2]\nlast: *all\n", "first: &all [1, 2]\nitems: *all\n", "[1, 2]"] {
        let mut found = Vec::new();
        values(text, "items", |tree, is_item| found.push((Value::from(&tree), is_item))).unwrap();
        assert_eq!(found, [(Value::from(1), true), (Value::from(2), true)], "{text}");
    }
}

#[test]
fn two_documents_are_not_one() {
    assert!(parse("a: 1\n---\nb: 2\n").is_err());
    assert_eq!(documents("a: 1\n---\nb: 2\n---\n").filter_map(Result::ok).count(), 3);
    assert_eq!(documents("a: 1\n---\nb: [\n---\nc: 3\n").count(), 2);
}

#[test]
fn what_aliases_come_to_is_limited_in_number_and_in_depth() {
    let level = |level: usize, item: &str, times: usize| {
        let below = if level == 0 { "x, ".to_owned() } else { format!("{item}{}, ", level - 1) };
        format!("a{level}: &a{level} [{}]\n", below.repeat(times))
    };
    let wide: String = (0..12).map(|number| level(number, "*a", 9)).collect();
    assert!(parse(&wide).unwrap_err().message.contains("expand to too much"));
    let deep: String = (0..200).map(|number| level(number, "*a", 1)).collect();
    assert!(parse(&deep).unwrap_err().message.contains("found deeper nesting"));
}

#[test]
fn deep_nesting_is_refused() {
    for text in ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(20_000)] {
        assert!(parse(&text).is_err());
    }
}

#[test]
fn a_value_of_another_type_is_told_with_its_field() {
    let error = from_str::<Vec<Vec<u16>>>("- [1]\n- [2, three]\n").unwrap_err();
    assert!(error.to_string().starts_with("[1][1]: "), "{error}");
}
