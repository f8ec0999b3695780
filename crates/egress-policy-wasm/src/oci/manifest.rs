//! What a manifest says: which of its layers is the module.

use egress_core::digest::is_digest;
use serde::Deserialize;

/// The manifests that are asked for.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.manifest.v1+json";
/// The layer that holds a module, as `wkg` and `oras` write it.
pub(super) const MODULE: &str = "application/wasm";

/// A module as its manifest describes it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ModuleLayer {
    pub(super) digest: String,
    pub(super) size: u64,
}

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Descriptor>,
    manifests: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Descriptor {
    #[serde(rename = "mediaType")]
    media_type: String,
    digest: String,
    size: u64,
}

/// Finds the module. The error says what the artifact is instead.
pub(super) fn layer(bytes: &[u8]) -> Result<ModuleLayer, String> {
    let manifest: Manifest =
        serde_json::from_slice(bytes).map_err(|error| format!("its manifest cannot be read: {error}"))?;
    if manifest.manifests.is_some() {
        return Err("it is an index of several artifacts; name one of them by its digest".to_owned());
    }
    let found = manifest.layers.len();
    let [layer] = <[Descriptor; 1]>::try_from(manifest.layers)
        .map_err(|_| format!("expected one layer, {MODULE}, found {found}"))?;
    if layer.media_type != MODULE {
        let found: String = layer.media_type.chars().filter(char::is_ascii_graphic).take(100).collect();
        return Err(format!("expected a layer of the type {MODULE}, found {found}"));
    }
    if !is_digest(&layer.digest) {
        return Err("the digest of its layer is not SHA-256".to_owned());
    }
    Ok(ModuleLayer { digest: layer.digest, size: layer.size })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::inspect::digest;

    fn read(manifest: &Value) -> Result<ModuleLayer, String> {
        layer(manifest.to_string().as_bytes())
    }

    #[test]
    fn the_layer_of_a_policy_is_its_module() {
        let digest = digest(b"module");
        let manifest = json!({"layers": [{"mediaType": MODULE, "digest": digest, "size": 6}]});
        assert_eq!(read(&manifest), Ok(ModuleLayer { digest, size: 6 }));
    }

    #[test]
    fn another_artifact_is_named_for_what_it_is() {
        let layer = |kind: &str| json!({"mediaType": kind, "digest": digest(b""), "size": 0});
        let image = "application/vnd.oci.image.layer.v1.tar+gzip";
        let refused = |manifest: Value| read(&manifest).unwrap_err();
        assert!(refused(json!({"layers": [layer(image)]})).ends_with(&format!("found {image}")));
        assert!(refused(json!({"layers": [layer(MODULE), layer(MODULE)]})).ends_with("found 2"));
        assert!(refused(json!({"layers": []})).ends_with("found 0"));
        assert!(refused(json!({"manifests": []})).contains("an index"));
        assert!(refused(json!([])).contains("cannot be read"));
    }

    #[test]
    fn a_digest_that_is_none_never_becomes_a_part_of_a_url() {
        let manifest = json!({"layers": [{"mediaType": MODULE, "digest": "../../x", "size": 6}]});
        assert!(read(&manifest).is_err());
    }
}
