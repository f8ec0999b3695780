//! The static form of the endpoints layout: the callers' entry and its rule stand in the gateway's namespace, and the entry
//! selects the gateway's pods by their labels, so that sidecars learn the endpoints from istiod and ask no DNS.
//!
//! Made from the objects that the plugin writes in the endpoints layout. Pure.

use anyhow::Context as _;
use serde_json::{Value, json};

/// The ports of a gateway's pods, which are not those of its Service.
const HTTP_PORT: u16 = 8080;
const TLS_PORT: u16 = 8443;

/// The same egresses in the static form. The gateway's own objects stay as they are; namespace and labels of its pods come
/// from its Gateway.
pub(super) fn of(objects: &[Value]) -> anyhow::Result<Vec<Value>> {
    let gateway = objects.iter().find(|object| object["kind"] == "Gateway").context("expected a Gateway")?;
    objects.iter().map(|object| moved(object, gateway)).collect()
}

fn moved(object: &Value, gateway: &Value) -> anyhow::Result<Value> {
    let mut object = object.clone();
    let is_entry = object["kind"] == "ServiceEntry" && object["spec"]["location"] == "MESH_INTERNAL";
    if !is_entry && object["kind"] != "DestinationRule" {
        return Ok(object);
    }
    let word = |path: &str| object.pointer(path).and_then(Value::as_str).context("an object without a name");
    let (callers, name) = (word("/metadata/namespace")?.to_owned(), word("/metadata/name")?.to_owned());
    // Two namespaces may have one host.
    object["metadata"]["name"] = format!("{name}-{callers}").into();
    object["metadata"]["namespace"] = gateway["metadata"]["namespace"].clone();
    let readers = object["spec"]["exportTo"].as_array_mut().context("an object that everybody reads")?;
    for reader in readers.iter_mut().filter(|reader| **reader == ".") {
        *reader = callers.clone().into();
    }
    if is_entry {
        let spec = object["spec"].as_object_mut().context("an entry without a spec")?;
        spec.remove("endpoints");
        spec.insert("resolution".to_owned(), json!("STATIC"));
        spec.insert("workloadSelector".to_owned(), json!({"labels": gateway["spec"]["selector"]}));
        for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            let target = if port["protocol"] == "HTTP" { HTTP_PORT } else { TLS_PORT };
            port["targetPort"] = target.into();
        }
    }
    Ok(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::layouts::form::documents;

    #[test]
    fn callers_objects_move_to_the_gateways_namespace_and_select_its_pods() {
        let given = documents(include_str!("static_form/endpoints.yaml")).unwrap();
        let expected = documents(include_str!("static_form/static.yaml")).unwrap();

        assert_eq!(of(&given).unwrap(), expected);
    }

    #[test]
    fn without_a_gateway_nobody_knows_which_pods_to_select() {
        assert!(of(&[]).is_err());
    }
}
