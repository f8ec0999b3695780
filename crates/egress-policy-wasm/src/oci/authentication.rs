//! How a registry is told who asks: its challenge answered with what Docker's configuration has for it.
//!
//! Knows the challenges `Basic` and `Bearer`. A login is sent to the registry and to the place that the registry itself
//! names for logins, and only where the way there is encrypted or does not leave the machine. Neither may send it on: see
//! [`redirect`](super::redirect). As with Docker, the place for logins may be another host.

use std::fs::File;
use std::io;
use std::path::Path;

use docker_credential::{CredentialRetrievalError, DockerCredential};
use http_auth::{ChallengeParser, ChallengeRef};
use reqwest::header::{HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Client, RequestBuilder, Response, Url};
use serde::Deserialize;

use super::{Reference, RegistryError, redirect, transfer};

/// Tokens are a few kilobytes.
const LARGEST_TOKEN: usize = 256 << 10;
/// Whatever the answer is written in.
const ANY: &str = "*/*";

/// Who asks.
pub(super) enum Login {
    Anonymous,
    Password { user: String, password: String },
    Token(String),
}

/// What goes into the header of the next request.
pub(super) enum Credentials {
    Password { user: String, password: String },
    Token(String),
}

/// What a registry demands.
struct Challenge {
    realm: Url,
    service: Option<String>,
}

#[derive(Deserialize)]
struct Granted {
    token: Option<String>,
    access_token: Option<String>,
}

impl Login {
    /// What Docker's configuration has for a registry. Programs that it names for keeping logins are run.
    pub(super) fn read(configuration: Option<&Path>, registry: &str) -> Result<Self, RegistryError> {
        let unreadable =
            |problem: String| RegistryError::Credentials { registry: registry.to_owned(), problem };
        let Some(path) = configuration else { return Ok(Login::Anonymous) };
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Login::Anonymous),
            opened => opened.map_err(|error| unreadable(format!("{}: {error}", path.display())))?,
        };
        match docker_credential::get_credential_from_reader(io::BufReader::new(file), registry) {
            Ok(DockerCredential::UsernamePassword(user, password)) => Ok(Login::Password { user, password }),
            Ok(DockerCredential::IdentityToken(token)) => Ok(Login::Token(token)),
            // A program that keeps logins fails when it has none for this registry; what it prints may be secret.
            Err(
                CredentialRetrievalError::NoCredentialConfigured
                | CredentialRetrievalError::HelperFailure { .. },
            ) => Ok(Login::Anonymous),
            Err(error) => Err(unreadable(format!("{}: {error}", path.display()))),
        }
    }

    fn is_anonymous(&self) -> bool {
        matches!(self, Login::Anonymous)
    }

    /// A name and a password, where that is what there is.
    fn password(&self) -> Option<Credentials> {
        match self {
            Login::Password { user, password } => {
                Some(Credentials::Password { user: user.clone(), password: password.clone() })
            }
            Login::Anonymous | Login::Token(_) => None,
        }
    }
}

impl Credentials {
    /// Puts it into a request.
    pub(super) fn apply(&self, request: RequestBuilder) -> RequestBuilder {
        match self {
            Credentials::Password { user, password } => request.basic_auth(user, Some(password)),
            Credentials::Token(token) => request.bearer_auth(token),
        }
    }
}

/// Answers the challenge of a response with the status 401.
pub(super) async fn answer(
    refused: &Response,
    reference: &Reference,
    login: Login,
    client: &Client,
) -> Result<Credentials, RegistryError> {
    let registry = || reference.registry.clone();
    let headers: Vec<HeaderValue> = refused.headers().get_all(WWW_AUTHENTICATE).iter().cloned().collect();
    let texts: Vec<&str> = headers.iter().filter_map(|header| header.to_str().ok()).collect();
    let challenges: Vec<ChallengeRef<'_>> =
        texts.iter().flat_map(|text| ChallengeParser::new(text)).filter_map(Result::ok).collect();
    let wanted = |scheme: &str| challenges.iter().find(|found| found.scheme.eq_ignore_ascii_case(scheme));
    match (wanted("Bearer"), wanted("Basic"), login) {
        (Some(challenge), _, login) => {
            let challenge = Challenge::read(challenge, refused.url(), reference)?;
            token(&challenge, reference, &login, client).await.map(Credentials::Token)
        }
        (None, Some(_), Login::Password { user, password }) => Ok(Credentials::Password { user, password }),
        (None, Some(_), _) => Err(RegistryError::LoginNeeded(registry())),
        (None, None, _) => Err(RegistryError::LoginUnknown(registry())),
    }
}

impl Challenge {
    fn read(challenge: &ChallengeRef<'_>, from: &Url, reference: &Reference) -> Result<Self, RegistryError> {
        let registry = || reference.registry.clone();
        let parameter = |name: &str| {
            let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        let realm = parameter("realm").and_then(|realm| realm.parse::<Url>().ok());
        let realm = realm.filter(|realm| matches!(realm.scheme(), "http" | "https"));
        let realm = realm.ok_or_else(|| RegistryError::LoginUnknown(registry()))?;
        redirect::check(from, &realm).map_err(|_| RegistryError::LoginUnsafe(registry()))?;
        Ok(Challenge { realm, service: parameter("service") })
    }
}

/// Asks for a token that may read this repository.
async fn token(
    challenge: &Challenge,
    reference: &Reference,
    login: &Login,
    client: &Client,
) -> Result<String, RegistryError> {
    let registry = || reference.registry.clone();
    let scope = format!("repository:{}:pull", reference.repository);
    let service = challenge.service.as_deref().map(|service| ("service", service));
    let asked = [("scope", scope.as_str())].into_iter().chain(service);
    let response = match login {
        // Sent once and nowhere else: the login is in the body, which would go with a redirection.
        Login::Token(refresh) => {
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh),
                ("client_id", "kubectl-egress"),
            ];
            let request = client.post(challenge.realm.clone()).form(&asked.chain(form).collect::<Vec<_>>());
            request.send().await.map_err(|error| transfer::failed(&error, reference))?
        }
        login => {
            let mut url = challenge.realm.clone();
            url.query_pairs_mut().extend_pairs(asked);
            redirect::get(client, url, ANY, login.password().as_ref(), reference).await?.response
        }
    };
    match response.status().as_u16() {
        200 => {}
        401 | 403 if login.is_anonymous() => return Err(RegistryError::LoginNeeded(registry())),
        401 | 403 => return Err(RegistryError::LoginRefused(registry())),
        status => return Err(RegistryError::Status { registry: registry(), status }),
    }
    let body = transfer::body(response, reference, LARGEST_TOKEN).await?;
    let granted: Option<Granted> = serde_json::from_slice(&body).ok();
    let granted = granted.and_then(|granted| granted.token.or(granted.access_token));
    granted.ok_or_else(|| RegistryError::LoginUnknown(registry()))
}
