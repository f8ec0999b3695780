//! The client of a diagnosis: `pod/NAME` or `deploy/NAME`, with or without `.NAMESPACE` at the end.

use std::fmt;

use crate::exit::Failure;
use crate::settings::Namespaces;

/// The typed name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// Its kind.
    pub kind: ClientKind,
    /// Its name.
    pub name: String,
    /// Its namespace; none: that of the context.
    pub namespaces: Namespaces,
}

/// The kinds that can name a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// A pod.
    Pod,
    /// A Deployment: any ready pod of it.
    Deployment,
}

impl Client {
    /// Reads the value of `--for`. A namespace in it overrides `-n`.
    pub fn parse(typed: &str, namespaces: &Namespaces) -> Result<Self, Failure> {
        let wrong = |problem: String| {
            Failure::usage(problem, "name a client, such as --for pod/web-0.shop or --for deploy/web")
        };
        let Some((kind, name)) = typed.split_once('/') else {
            return Err(wrong(format!("--for: expected pod/NAME or deploy/NAME, found \"{typed}\"")));
        };
        let kind = match kind {
            "pod" | "pods" | "po" => ClientKind::Pod,
            "deploy" | "deployment" | "deployments" | "deployment.apps" => ClientKind::Deployment,
            other => return Err(wrong(format!("--for: expected pod or deploy, found \"{other}\""))),
        };
        let (name, namespaces) = match name.rsplit_once('.') {
            Some((name, namespace)) => (name, Namespaces::One(Some(namespace.to_owned()))),
            None => (name, namespaces.clone()),
        };
        if name.is_empty() || namespaces == Namespaces::One(Some(String::new())) {
            return Err(wrong(format!("--for: expected pod/NAME or deploy/NAME, found \"{typed}\"")));
        }
        Ok(Client { kind, name: name.to_owned(), namespaces })
    }
}

impl fmt::Display for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ClientKind::Pod => "pod",
            ClientKind::Deployment => "deploy",
        };
        write!(formatter, "{kind}/{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_at_the_end_counts_more_than_that_of_the_flag() {
        let shop = Namespaces::One(Some("shop".to_owned()));
        let client = Client::parse("pod/web-0.billing", &shop).unwrap();
        assert_eq!((client.kind, client.name.as_str()), (ClientKind::Pod, "web-0"));
        assert_eq!(client.namespaces, Namespaces::One(Some("billing".to_owned())));
        let client = Client::parse("deploy/web", &shop).unwrap();
        assert_eq!((client.kind, client.namespaces), (ClientKind::Deployment, shop));
    }

    #[test]
    fn what_is_no_client_is_refused_with_what_was_expected() {
        for typed in ["web-0", "service/web", "pod/", "pod/.shop", "pod/web-0."] {
            let failure = Client::parse(typed, &Namespaces::All).unwrap_err();
            assert!(failure.message.contains("expected pod"), "{typed}: {}", failure.message);
        }
    }
}
