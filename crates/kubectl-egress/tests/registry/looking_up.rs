//! What a tag means, as a registry says it.

use egress_policy_wasm::inspect::digest;
use egress_policy_wasm::oci::{Published, Registries, RegistryError};

use crate::debian::Registry;

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_tag_means_a_manifest_and_its_module", tag),
    ("a_digest_means_its_manifest_and_no_other", by_digest),
    ("an_image_is_no_policy", image),
    ("a_tag_that_is_not_there_is_told_so", no_tag),
];

const WASM: &str = "application/wasm";

/// Asks what a reference means.
pub(crate) fn look_up(reference: &str) -> Result<Published, RegistryError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let registries = Registries::new(None, 1 << 20);
    runtime.block_on(registries.look_up(&reference.parse().unwrap()))
}

fn tag() {
    let registry = Registry::start();
    let manifest = registry.publish("acme/hosts", b"module", WASM);
    let found = look_up(&format!("{}:1", registry.reference("acme/hosts"))).unwrap();
    assert_eq!(found, Published { manifest, module: digest(b"module"), size: 6 });
}

fn by_digest() {
    let registry = Registry::start();
    let manifest = registry.publish("acme/hosts", b"module", WASM);
    let reference = format!("{}:1@{manifest}", registry.reference("acme/hosts"));
    assert_eq!(look_up(&reference).unwrap().module, digest(b"module"));
    registry.tamper(&manifest, br#"{"schemaVersion": 2, "layers": []}"#);
    // The registry itself may notice.
    let error = look_up(&reference).unwrap_err();
    assert!(matches!(error, RegistryError::Digest { .. } | RegistryError::Status { .. }), "{error}");
}

fn image() {
    let registry = Registry::start();
    registry.publish("acme/image", b"layer", "application/vnd.oci.image.layer.v1.tar+gzip");
    let error = look_up(&format!("{}:1", registry.reference("acme/image"))).unwrap_err();
    assert!(
        error.to_string().contains("is not a policy: expected a layer of the type application/wasm"),
        "{error}"
    );
}

fn no_tag() {
    let registry = Registry::start();
    let error = look_up(&format!("{}:1", registry.reference("acme/hosts"))).unwrap_err();
    assert!(matches!(error, RegistryError::NotFound(_)), "{error}");
}
