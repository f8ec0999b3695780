//! The external services' own certificate authority, which signs for whatever server name a client asks for.
//!
//! A certificate is made when its name is first wanted: a host that a test invents needs no preparation.
//! It knows nothing of the zone or of listeners.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::PrivatePkcs8KeyDer,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

/// A certificate authority that lives as long as the process.
#[derive(Debug)]
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// What a client that sends no server name gets: it asked for the address.
    unnamed: String,
    issued: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Authority {
    /// Makes a new authority with a new key, for a server at `address`.
    pub(super) fn create(address: IpAddr) -> anyhow::Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name("Services outside the mesh");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Self { issuer, unnamed: address.to_string(), issued: Mutex::default() })
    }

    /// The authority's certificate in PEM, for clients to trust.
    pub(super) fn certificate(&self) -> String {
        self.issuer.pem()
    }

    /// A TLS server that presents this authority's certificates.
    pub(super) fn server_config(self) -> anyhow::Result<Arc<ServerConfig>> {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(self));
        Ok(Arc::new(config))
    }

    fn issue(&self, name: &str) -> anyhow::Result<CertifiedKey> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new([name.to_owned()])?;
        params.distinguished_name = common_name(name);
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        Ok(CertifiedKey::from_der(vec![certificate.into()], key, &ring::default_provider())?)
    }
}

impl ResolvesServerCert for Authority {
    fn resolve(&self, client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = client_hello.server_name().unwrap_or(&self.unnamed);
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = issued.get(name) {
            return Some(Arc::clone(key));
        }
        let key = Arc::new(self.issue(name).ok()?);
        issued.insert(name.to_owned(), Arc::clone(&key));
        Some(key)
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished_name = DistinguishedName::new();
    distinguished_name.push(DnType::CommonName, name);
    distinguished_name
}
