//! The patches that kubectl knows, on JSON: RFC 6902, RFC 7386, and merging by key.

use serde_json::{Map, Value};

/// Applies one operation of a JSON patch; none where the API server would refuse it.
pub(super) fn operate(document: &mut Value, operation: &Value) -> Option<()> {
    let (parent, last) = operation.get("path")?.as_str()?.rsplit_once('/')?;
    let last = last.replace("~1", "/").replace("~0", "~");
    let value = || operation.get("value").cloned();
    match (operation.get("op")?.as_str()?, document.pointer_mut(parent)?) {
        ("add", Value::Object(fields)) => drop(fields.insert(last, value()?)),
        ("replace", Value::Object(fields)) => *fields.get_mut(&last)? = value()?,
        ("remove", Value::Object(fields)) => drop(fields.remove(&last)?),
        ("add", Value::Array(items)) => {
            let index = if last == "-" { items.len() } else { last.parse().ok()? };
            if index > items.len() {
                return None;
            }
            items.insert(index, value()?);
        }
        ("replace", Value::Array(items)) => *items.get_mut(last.parse::<usize>().ok()?)? = value()?,
        ("remove", Value::Array(items)) => {
            let index = last.parse().ok().filter(|index| *index < items.len())?;
            items.remove(index);
        }
        _ => return None,
    }
    Some(())
}

/// Applies a merge patch.
pub(super) fn merge(document: &mut Value, patch: &Value) {
    merge_with(document, patch, false);
}

/// Applies a patch as kubectl does by default, as far as Services need it: their ports are merged by number.
pub(super) fn merge_strategically(document: &mut Value, patch: &Value) {
    merge_with(document, patch, true);
}

fn merge_with(document: &mut Value, patch: &Value, by_port: bool) {
    let Value::Object(changes) = patch else {
        *document = patch.clone();
        return;
    };
    if !document.is_object() {
        *document = Value::Object(Map::new());
    }
    let Some(fields) = document.as_object_mut() else { return };
    for (key, change) in changes {
        match (change, fields.get_mut(key)) {
            (Value::Null, _) => drop(fields.remove(key)),
            (Value::Array(changes), Some(Value::Array(items))) if by_port && key == "ports" => {
                for change in changes {
                    match items.iter_mut().find(|item| item.get("port") == change.get("port")) {
                        Some(item) => merge_with(item, change, by_port),
                        None => items.push(change.clone()),
                    }
                }
            }
            (_, Some(field)) => merge_with(field, change, by_port),
            (_, None) => {
                let mut field = Value::Null;
                merge_with(&mut field, change, by_port);
                fields.insert(key.clone(), field);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(document: &Value, operation: &Value) -> Option<Value> {
        let mut document = document.clone();
        operate(&mut document, operation)?;
        Some(document)
    }

    #[test]
    fn an_operation_needs_the_place_that_it_names() {
        let document = json!({ "spec": { "hosts": ["a"] } });
        let add = json!({ "op": "add", "path": "/spec/hosts/-", "value": "b" });
        assert_eq!(patched(&document, &add), Some(json!({ "spec": { "hosts": ["a", "b"] } })));
        let first = json!({ "op": "add", "path": "/spec/hosts/0", "value": "b" });
        assert_eq!(patched(&document, &first), Some(json!({ "spec": { "hosts": ["b", "a"] } })));
        let gone = json!({ "op": "remove", "path": "/spec/hosts/0" });
        assert_eq!(patched(&document, &gone), Some(json!({ "spec": { "hosts": [] } })));
        for refused in [
            json!({ "op": "add", "path": "/spec/exportTo/-", "value": "b" }),
            json!({ "op": "replace", "path": "/spec/exportTo", "value": [] }),
            json!({ "op": "remove", "path": "/spec/hosts/1" }),
            json!({ "op": "replace", "path": "/spec/hosts/-", "value": "b" }),
        ] {
            assert_eq!(patched(&document, &refused), None, "{refused}");
        }
    }

    #[test]
    fn a_merge_replaces_lists_and_removes_what_is_null() {
        let mut document = json!({ "spec": { "hosts": ["a"], "location": "x" } });
        merge(&mut document, &json!({ "spec": { "hosts": ["b"], "location": null, "new": { "a": null } } }));
        assert_eq!(document, json!({ "spec": { "hosts": ["b"], "new": {} } }));
    }

    #[test]
    fn ports_of_a_service_are_merged_by_their_number() {
        let mut document = json!({ "spec": { "ports": [{ "port": 80, "name": "http" }] } });
        let patch = json!({ "spec": { "ports": [{ "port": 443 }, { "port": 80, "appProtocol": "http2" }] } });
        merge_strategically(&mut document, &patch);
        let ports = json!([{ "port": 80, "name": "http", "appProtocol": "http2" }, { "port": 443 }]);
        assert_eq!(document, json!({ "spec": { "ports": ports } }));
    }
}
