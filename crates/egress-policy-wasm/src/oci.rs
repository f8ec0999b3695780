//! Modules in registries: what a tag means, and the bytes of a digest.
//!
//! Asks no more than a module needs: a manifest, where a tag is looked up, and one layer by its digest. Every answer has
//! a limit in bytes and in time; a registry may be anybody's. Knows nothing of what is done with a module.
//!
//! A login is for the registry that it was made for, and for the place that this registry itself names for logins.

mod authentication;
mod error;
mod manifest;
mod redirect;
mod reference;
mod timeouts;
mod transfer;

use std::path::PathBuf;

use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use rustls::crypto::ring;

use self::authentication::{Credentials, Login};
pub use self::error::RegistryError;
use self::redirect::FinalResponse;
pub use self::reference::{Reference, ReferenceError};
use self::timeouts::TIMEOUTS;
use crate::inspect::digest;

/// Manifests of policies are under a kilobyte.
const LARGEST_MANIFEST: usize = 1 << 20;

/// Where modules are fetched from.
#[derive(Clone, Debug)]
pub struct Registries {
    /// Docker's configuration, for logins.
    credentials: Option<PathBuf>,
    /// Bytes of the largest module.
    largest: usize,
}

/// What a reference means now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The digest of the manifest.
    pub manifest: String,
    /// The digest of the module.
    pub module: String,
    /// Bytes of the module, as the manifest says.
    pub size: u64,
}

impl Registries {
    /// Registries, with the logins of a `config.json` of Docker.
    pub fn new(credentials: Option<PathBuf>, largest: usize) -> Self {
        Registries { credentials, largest }
    }

    /// Looks up what a reference means.
    ///
    /// # Errors
    /// Where the registry does not say, or says that it is something else than a module.
    pub async fn look_up(&self, reference: &Reference) -> Result<Published, RegistryError> {
        self.within_timeout(reference, async {
            let mut session = self.session(reference)?;
            let path = format!("manifests/{}", reference.version());
            let response = session.get(&path, manifest::ACCEPTED).await?;
            let bytes = transfer::body(response, reference, LARGEST_MANIFEST).await?;
            let found = digest(&bytes);
            if let Some(expected) = &reference.digest {
                verify(reference, expected, &found)?;
            }
            let layer = manifest::layer(&bytes)
                .map_err(|problem| RegistryError::NotAModule { reference: reference.clone(), problem })?;
            Ok(Published { manifest: found, module: layer.digest, size: layer.size })
        })
        .await
    }

    /// Fetches the module of a digest. Asks for nothing else: a tag that means something else by now changes nothing.
    ///
    /// # Errors
    /// Where the registry does not have it, or sends other bytes.
    pub async fn fetch(&self, reference: &Reference, module: &str) -> Result<Vec<u8>, RegistryError> {
        self.within_timeout(reference, async {
            let mut session = self.session(reference)?;
            let response = session.get(&format!("blobs/{module}"), manifest::MODULE).await?;
            let bytes = transfer::body(response, reference, self.largest).await?;
            verify(reference, module, &digest(&bytes))?;
            Ok(bytes)
        })
        .await
    }

    async fn within_timeout<T>(
        &self,
        reference: &Reference,
        work: impl Future<Output = Result<T, RegistryError>>,
    ) -> Result<T, RegistryError> {
        let limit = TIMEOUTS.total;
        let late = || RegistryError::Slow { registry: reference.registry.clone(), limit };
        tokio::time::timeout(limit, Box::pin(work)).await.unwrap_or_else(|_| Err(late()))
    }

    fn session<'a>(&'a self, reference: &'a Reference) -> Result<RegistrySession<'a>, RegistryError> {
        Ok(RegistrySession { registries: self, reference, client: client(reference)?, credentials: None })
    }
}

/// A conversation with one registry about one repository.
struct RegistrySession<'a> {
    registries: &'a Registries,
    reference: &'a Reference,
    client: Client,
    credentials: Option<Credentials>,
}

impl RegistrySession<'_> {
    /// Asks once, and once more with a login where the registry itself wants one.
    async fn get(&mut self, path: &str, accepted: &str) -> Result<Response, RegistryError> {
        let mut answer = self.ask(path, accepted).await?;
        if answer.response.status().as_u16() == 401 && answer.own && self.credentials.is_none() {
            let login = Login::read(self.registries.credentials.as_deref(), &self.reference.registry)?;
            let refused = &answer.response;
            self.credentials =
                Some(authentication::answer(refused, self.reference, login, &self.client).await?);
            answer = self.ask(path, accepted).await?;
        }
        let registry = || self.reference.registry.clone();
        match answer.response.status().as_u16() {
            200 => Ok(answer.response),
            401 | 403 if !answer.own => Err(RegistryError::LoginElsewhere(registry())),
            401 | 403 => Err(RegistryError::LoginRefused(registry())),
            404 => Err(RegistryError::NotFound(self.reference.clone())),
            429 => Err(RegistryError::Busy(registry())),
            status => Err(RegistryError::Status { registry: registry(), status }),
        }
    }

    async fn ask(&self, path: &str, accepted: &str) -> Result<FinalResponse, RegistryError> {
        let Reference { registry, repository, .. } = self.reference;
        let scheme = if self.reference.is_local() { "http" } else { "https" };
        let url = Url::parse(&format!("{scheme}://{registry}/v2/{repository}/{path}"));
        let url = url.map_err(|error| RegistryError::Unreachable {
            registry: registry.clone(),
            problem: error.to_string(),
        })?;
        redirect::get(&self.client, url, accepted, self.credentials.as_ref(), self.reference).await
    }
}

/// A client that leaves an encrypted way for no unencrypted one, and goes nowhere by itself. Proxies are those of the
/// environment.
fn client(reference: &Reference) -> Result<Client, RegistryError> {
    // Fails when there is a provider already, which is the same one: the program is built with no other.
    let _ = ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent("kubectl-egress")
        .connect_timeout(TIMEOUTS.connect)
        .read_timeout(TIMEOUTS.idle)
        .redirect(Policy::none())
        .https_only(!reference.is_local());
    let builder = if reference.is_local() { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| transfer::failed(&error, reference))
}

fn verify(reference: &Reference, expected: &str, found: &str) -> Result<(), RegistryError> {
    if expected == found {
        return Ok(());
    }
    let registry = reference.registry.clone();
    Err(RegistryError::Digest { registry, expected: expected.to_owned(), found: found.to_owned() })
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_registry_that_always_sends_a_little_more_is_given_up_in_the_end() {
        let reference: Reference = "oci://registry.example.com/acme/hosts:1".parse().unwrap();
        let endless = Registries::new(None, 0).within_timeout(&reference, pending::<Result<(), _>>()).await;
        let error = endless.unwrap_err().to_string();
        assert_eq!(error, "the registry registry.example.com did not answer within 60 s");
    }
}
