//! Makes a cluster small while something holds of it: objects are removed, and then parts of them.
//!
//! Knows nothing of what holds: that is asked, and asking is slow, so there is a limit.

use serde_json::Value;

use super::cluster::{is, is_of_istio};

/// So many clusters are tried.
const TRIES: usize = 80;

/// The objects without those that do not matter; the function says whether it still holds of these objects.
pub(super) fn minimise(objects: Vec<Value>, mut holds: impl FnMut(&[Value]) -> bool) -> Vec<Value> {
    let mut tries = 0;
    let mut holds = |objects: &[Value]| {
        tries += 1;
        tries <= TRIES && holds(objects)
    };
    let mut left = objects;
    // Halves first: most objects of a cluster have nothing to do with one call.
    let mut size = left.len() / 2;
    while size > 0 {
        let mut start = 0;
        while start < left.len() {
            let without: Vec<Value> =
                left.iter().take(start).chain(left.iter().skip(start + size)).cloned().collect();
            if holds(&without) { left = without } else { start += size }
        }
        size /= 2;
    }
    for place in 0..left.len() {
        while let Some(smaller) = smaller(&left, place, &mut holds) {
            left = smaller;
        }
    }
    left
}

/// The objects with one part less of this one, if there is a part that does not matter.
fn smaller(objects: &[Value], place: usize, holds: &mut impl FnMut(&[Value]) -> bool) -> Option<Vec<Value>> {
    let object = objects.get(place).filter(|object| is_of_istio(object) || is(object, "Service"))?;
    parts(object).into_iter().find_map(|part| {
        let mut smaller = objects.to_vec();
        *smaller.get_mut(place)? = part;
        holds(&smaller).then_some(smaller)
    })
}

/// The object without each of the fields of its spec, and without each item of their lists.
fn parts(object: &Value) -> Vec<Value> {
    let Some(spec) = object.get("spec").and_then(Value::as_object) else { return Vec::new() };
    let mut parts = Vec::new();
    for (name, value) in spec {
        let mut without = object.clone();
        if let Some(spec) = without.get_mut("spec").and_then(Value::as_object_mut) {
            spec.shift_remove(name);
        }
        parts.push(without);
        let items = value.as_array().map(Vec::len).filter(|count| *count > 1).unwrap_or_default();
        for item in 0..items {
            let mut without = object.clone();
            if let Some(items) = without["spec"][name].as_array_mut() {
                items.remove(item);
            }
            parts.push(without);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::oracle::cluster::name;

    fn cluster() -> Vec<Value> {
        let object = |number: usize| {
            json!({
                "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
                "metadata": { "name": format!("entry-{number}") },
                "spec": { "hosts": ["a.example"], "exportTo": ["."] },
            })
        };
        (0..30).map(object).collect()
    }

    #[test]
    fn only_the_objects_that_matter_are_left() {
        let left = minimise(cluster(), |objects| {
            ["entry-7", "entry-20"].iter().all(|wanted| objects.iter().any(|object| name(object) == *wanted))
        });

        assert_eq!(left.iter().map(name).collect::<Vec<_>>(), ["entry-7", "entry-20"]);
    }

    #[test]
    fn fields_that_do_not_matter_are_gone() {
        let left = minimise(cluster(), |objects| {
            objects.iter().any(|object| object.pointer("/spec/hosts").is_some())
        });

        assert_eq!(left.len(), 1);
        assert_eq!(left[0]["spec"], json!({ "hosts": ["a.example"] }));
    }

    #[test]
    fn asking_ends() {
        let mut asked = 0;
        minimise(cluster(), |_| {
            asked += 1;
            false
        });
        assert!(asked <= TRIES);
    }
}
