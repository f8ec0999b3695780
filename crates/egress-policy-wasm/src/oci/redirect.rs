//! Requests that are sent on: where a registry may send them, and who is shown the login on the way.
//!
//! A login is for one server: scheme, host and port. It is left behind at the first step to another one, for good, and what
//! another one demands is no demand of the registry. The client does not follow by itself, as it does not say who answered.

use reqwest::header::{ACCEPT, LOCATION};
use reqwest::{Client, Response, Url};

use super::authentication::Credentials;
use super::{Reference, RegistryError, transfer};

/// Registries send to the store that has the bytes, and that one now and then to another.
const REDIRECTS: usize = 5;

/// The response to a request, after all redirections.
pub(super) struct FinalResponse {
    /// The first answer that is no redirection.
    pub(super) response: Response,
    /// Whether the server that was asked gave it, and no other had a part in it.
    pub(super) own: bool,
}

/// Asks, and goes where it is sent. Only the server that was asked first sees the login.
pub(super) async fn get(
    client: &Client,
    start: Url,
    accepted: &str,
    credentials: Option<&Credentials>,
    reference: &Reference,
) -> Result<FinalResponse, RegistryError> {
    let (mut url, mut own) = (start.clone(), true);
    for _ in 0..=REDIRECTS {
        tracing::debug!(%url, "asking the registry");
        let request = client.get(url.clone()).header(ACCEPT, accepted);
        let request = match credentials {
            Some(credentials) if own => credentials.apply(request),
            _ => request,
        };
        let response = request.send().await.map_err(|error| transfer::failed(&error, reference))?;
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(FinalResponse { response, own });
        }
        let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        url = next(&url, location.unwrap_or_default()).map_err(|problem| refused(reference, problem))?;
        own = own && url.origin() == start.origin();
    }
    Err(refused(reference, "too many redirects"))
}

fn refused(reference: &Reference, problem: &'static str) -> RegistryError {
    RegistryError::Redirect { registry: reference.registry.clone(), problem }
}

/// Where a redirection leads.
fn next(from: &Url, location: &str) -> Result<Url, &'static str> {
    if location.is_empty() {
        return Err("it has no target");
    }
    let to = from.join(location).map_err(|_| "its address cannot be read")?;
    check(from, &to).map(|()| to)
}

/// Whether a server at one address may name another: encrypted, or from this machine to this machine.
pub(super) fn check(from: &Url, to: &Url) -> Result<(), &'static str> {
    if !to.username().is_empty() || to.password().is_some() {
        return Err("its address contains a login");
    }
    match to.scheme() {
        "https" => Ok(()),
        "http" if from.scheme() == "http" && is_this_machine(to) => Ok(()),
        "http" => Err("its address is not encrypted"),
        _ => Err("its address is not a web address"),
    }
}

/// The names of this machine: no other is spoken to without TLS.
fn is_this_machine(url: &Url) -> bool {
    url.host_str().is_some_and(super::reference::is_this_machine)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn an_encrypted_way_is_left_for_no_other() {
        let from = url("https://registry.example.com/v2/acme/blobs/x");
        for good in ["/other", "https://store.example.com/x", "//store.example.com:8443/x", "?again"] {
            assert!(next(&from, good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "http://registry.example.com/x",
            "http://127.0.0.1/x",
            "http://localhost/x",
            "ftp://registry.example.com/x",
            "file:///etc/passwd",
            "data:,x",
            "https://user@store.example.com/x",
            "https://user:word@store.example.com/x",
            "https://:word@store.example.com/x",
            "https://",
        ] {
            assert!(next(&from, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn without_encryption_this_machine_is_not_left() {
        let from = url("http://127.0.0.1:5000/v2/");
        for good in ["http://127.0.0.1:6000/", "http://localhost/", "https://store.example.com/"] {
            assert!(next(&from, good).is_ok(), "{good}");
        }
        for bad in ["http://127.0.0.1.example.com/", "http://10.0.0.1/", "http://localhost.example.com/"] {
            assert!(next(&from, bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn wherever_it_leads_it_is_encrypted_or_this_machine(
            location in "(https?:)?//[a-z0-9.:@\\[\\]\\\\]{0,20}(/\\PC{0,10})?|\\PC{0,30}",
            local in any::<bool>(),
        ) {
            let from = url(if local { "http://localhost:5000/v2/" } else { "https://registry.example.com/v2/" });
            if let Ok(to) = next(&from, &location) {
                prop_assert!(to.username().is_empty() && to.password().is_none());
                let here = matches!(to.host_str(), Some("localhost" | "127.0.0.1"));
                prop_assert!(to.scheme() == "https" || (local && to.scheme() == "http" && here), "{to}");
            }
        }
    }
}
