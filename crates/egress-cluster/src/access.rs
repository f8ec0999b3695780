//! Asks for the user's permissions before a command changes anything.

use std::fmt;

use futures::stream::{self, StreamExt, TryStreamExt};
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use k8s_openapi::api::authorization::v1::{
    ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
};
use kube::Api;
use kube::api::PostParams;

use crate::cluster::Cluster;
use crate::error::{ClusterError, one_line};

/// Reviews in flight: enough to hide the latency, few enough for the server's limits per user.
const AT_ONCE: usize = 8;

/// One permission.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Right {
    /// Such as `patch`.
    pub verb: &'static str,
    /// The API group; empty for the core API.
    pub group: &'static str,
    /// The plural, such as `serviceentries`.
    pub resource: &'static str,
    /// Such as `portforward`; empty for none.
    pub subresource: &'static str,
    /// The namespace; `None`: all of them.
    pub namespace: Option<String>,
    /// One object; `None`: all of them.
    pub name: Option<String>,
}

/// The user as the API server sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The groups.
    pub groups: Vec<String>,
}

impl Cluster {
    /// Whether the user has each of these permissions, in their order.
    ///
    /// # Errors
    /// Only if the request itself fails.
    pub async fn can_i(&self, rights: &[Right]) -> Result<Vec<bool>, ClusterError> {
        stream::iter(rights).map(|right| self.review(right)).buffered(AT_ONCE).try_collect().await
    }

    /// The user as the server knows them; `None` if it does not say.
    pub async fn whoami(&self) -> Option<User> {
        let reviews: Api<SelfSubjectReview> = Api::all(self.client.clone());
        let parameters = PostParams::default();
        let review = SelfSubjectReview::default();
        let answer = self.ask(reviews.create(&parameters, &review)).await.ok()?;
        let user = answer.status?.user_info?;
        let name = user.username.map(|name| one_line(&name)).filter(|name| !name.is_empty())?;
        let groups = user.groups.unwrap_or_default();
        Some(User { name, groups: groups.iter().map(|group| one_line(group)).collect() })
    }

    async fn review(&self, right: &Right) -> Result<bool, ClusterError> {
        let text = |text: &str| Some(text).filter(|text| !text.is_empty()).map(str::to_owned);
        let attributes = ResourceAttributes {
            verb: text(right.verb),
            group: text(right.group),
            resource: text(right.resource),
            subresource: text(right.subresource),
            namespace: right.namespace.clone(),
            name: right.name.clone(),
            ..ResourceAttributes::default()
        };
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(attributes),
                ..SelfSubjectAccessReviewSpec::default()
            },
            ..SelfSubjectAccessReview::default()
        };
        let reviews: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
        let answer = self.ask(reviews.create(&PostParams::default(), &review)).await?;
        Ok(answer.status.is_some_and(|status| status.allowed))
    }
}

impl fmt::Display for Right {
    /// `create serviceentries.networking.istio.io in namespace shop`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(formatter, ".{}", self.group)?;
        }
        if !self.subresource.is_empty() {
            write!(formatter, "/{}", self.subresource)?;
        }
        if let Some(name) = &self.name {
            write!(formatter, " \"{name}\"")?;
        }
        match &self.namespace {
            Some(namespace) => write!(formatter, " in namespace {namespace}"),
            None => formatter.write_str(" in all namespaces"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_reads_as_kubectl_auth_can_i_takes_it() {
        let right = Right {
            verb: "create",
            group: "",
            resource: "pods",
            subresource: "portforward",
            namespace: Some("istio-system".to_owned()),
            name: None,
        };
        assert_eq!(right.to_string(), "create pods/portforward in namespace istio-system");
        let right = Right {
            verb: "patch",
            group: "networking.istio.io",
            resource: "serviceentries",
            subresource: "",
            namespace: None,
            name: None,
        };
        assert_eq!(right.to_string(), "patch serviceentries.networking.istio.io in all namespaces");
    }
}
