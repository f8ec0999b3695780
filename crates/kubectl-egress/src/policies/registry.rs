//! A module of a registry: from the cache, or fetched and cached.
//!
//! Knows the user's folders. A cached module needs no network.

use egress_policy_wasm::module_store::{Kept, ModuleStore};
use egress_policy_wasm::oci::{Reference, Registries, RegistryError};

use crate::settings::policies::PolicySettings;
use crate::terminal::Terminal;

/// Registries, with the user's logins. No module is larger than `largest` bytes.
pub fn registries(settings: &PolicySettings, largest: usize) -> Registries {
    Registries::new(settings.directories.registry_credentials.clone(), largest)
}

/// The module of a digest, for the policy of this name.
///
/// # Errors
/// If it is not cached, and the registry does not have it.
pub async fn module(
    name: &str,
    reference: &Reference,
    digest: &str,
    largest: usize,
    settings: &PolicySettings,
    terminal: &mut Terminal,
) -> Result<Vec<u8>, RegistryError> {
    let cache = settings.directories.cache.as_deref();
    let store = cache.map(|folder| ModuleStore::at(folder.join("wasm"), largest));
    match store.as_ref().map(|store| store.read(digest)).transpose() {
        Ok(Some(Kept::Whole(bytes))) => return Ok(bytes),
        Ok(Some(Kept::Damaged)) => {
            terminal
                .warning(&format!("the cached module of policy `{name}` was damaged; it is fetched again"));
        }
        Ok(Some(Kept::Missing) | None) => {}
        Err(error) => terminal.warning(&format!("the cache of policies cannot be read: {error}")),
    }
    let waiting = terminal.wait(&format!("fetching policy {name}"));
    let fetched = registries(settings, largest).fetch(reference, digest).await;
    drop(waiting);
    let bytes = fetched?;
    if let Some(Err(error)) = store.map(|store| store.keep(&bytes)) {
        terminal.warning(&format!("policy `{name}` cannot be cached, and is fetched each time: {error}"));
    }
    Ok(bytes)
}
