//! The cluster's certificate authority and its two servers. Knows nothing of the users, who show tokens.

use std::{
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose,
};

use super::layout::CONTROL_PLANE;

/// The files of the cluster's keys and certificates, all PEM.
pub(super) struct Certificates {
    /// The authority that clients trust.
    pub(super) authority: PathBuf,
    /// The API server.
    pub(super) server: Pair,
    /// The stand-in for kubelets.
    pub(super) node: Pair,
    /// What service account tokens are signed with.
    pub(super) token_key: PathBuf,
    /// What service account tokens are checked with.
    pub(super) token_public_key: PathBuf,
}

/// A certificate and its key.
pub(super) struct Pair {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// Makes new ones in `directory`.
pub(super) fn create(directory: &Path) -> anyhow::Result<Certificates> {
    fs::create_dir_all(directory)?;
    let mut params = named("kubernetes");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let authority = directory.join("ca.crt");
    fs::write(&authority, issuer.pem())?;
    let tokens = KeyPair::generate()?;
    let token_key = directory.join("service-accounts.key");
    fs::write(&token_key, tokens.serialize_pem())?;
    let token_public_key = directory.join("service-accounts.pub");
    fs::write(&token_public_key, tokens.public_key_pem())?;
    Ok(Certificates {
        authority,
        token_key,
        token_public_key,
        server: issue(&issuer, directory, "kube-apiserver")?,
        node: issue(&issuer, directory, "node")?,
    })
}

fn issue(issuer: &CertifiedIssuer<'_, KeyPair>, directory: &Path, name: &str) -> anyhow::Result<Pair> {
    let key = KeyPair::generate()?;
    let mut params = named(name);
    let names =
        [CONTROL_PLANE.to_string(), Ipv4Addr::LOCALHOST.to_string(), "kubernetes.default.svc".to_owned()];
    params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.signed_by(&key, issuer)?;
    let pair = Pair {
        certificate: directory.join(format!("{name}.crt")),
        key: directory.join(format!("{name}.key")),
    };
    fs::write(&pair.certificate, certificate.pem())?;
    fs::write(&pair.key, key.serialize_pem())?;
    Ok(pair)
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
