//! Reading whole collections: in pages, everywhere where that is allowed, else in the namespaces that matter.
//!
//! Knows paths and rights. Knows nothing of what the objects mean.

use std::collections::BTreeSet;

use egress_core::snapshot::Unreadable;
use futures::future::try_join_all;
use kube::api::ListParams;
use kube::core::Request;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::cluster::Cluster;
use crate::error::ClusterError;

/// One collection of the API.
#[derive(Clone, Debug)]
pub(crate) struct Collection {
    /// `/api/v1` or `/apis/GROUP/VERSION`.
    prefix: String,
    plural: &'static str,
    /// As kubectl names it: `serviceentries.networking.istio.io`.
    named: String,
}

/// What could be read of a collection, and what could not.
#[derive(Debug)]
pub(crate) struct Reading<T> {
    pub(crate) items: Vec<T>,
    pub(crate) unreadable: Vec<Unreadable>,
}

#[derive(Deserialize)]
struct Page<T> {
    #[serde(default)]
    metadata: PageMetadata,
    #[serde(default = "Vec::new")]
    items: Vec<T>,
}

#[derive(Default, Deserialize)]
struct PageMetadata {
    #[serde(rename = "continue")]
    next: Option<String>,
}

impl Collection {
    /// A collection of the core API.
    pub(crate) fn core(plural: &'static str) -> Self {
        Collection { prefix: "/api/v1".to_owned(), plural, named: plural.to_owned() }
    }

    /// A collection of an API group.
    pub(crate) fn of_group(group: &str, version: &str, plural: &'static str) -> Self {
        Collection { prefix: format!("/apis/{group}/{version}"), plural, named: format!("{plural}.{group}") }
    }

    /// The path of one collection: of a namespace, or of the whole cluster.
    pub(crate) fn path(&self, namespace: Option<&str>) -> String {
        match namespace {
            Some(namespace) => format!("{}/namespaces/{namespace}/{}", self.prefix, self.plural),
            None => format!("{}/{}", self.prefix, self.plural),
        }
    }
}

impl Cluster {
    /// Every object of a collection, cluster-wide; where the user may not, those of the namespaces given. What could
    /// not be read is part of the answer.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        collection: &Collection,
        narrow: &BTreeSet<String>,
    ) -> Result<Reading<T>, ClusterError> {
        let why = match self.list(collection, None, None).await {
            Err(ClusterError::Forbidden(why)) => why,
            all => return Ok(Reading { items: all?, unreadable: Vec::new() }),
        };
        let mut reading = self.read_in(collection, narrow).await?;
        let what = match (narrow.is_empty(), reading.unreadable.len() == narrow.len()) {
            (false, false) => format!("{} in other namespaces", collection.named),
            _ => format!("{} in all namespaces", collection.named),
        };
        if reading.unreadable.len() == narrow.len() {
            // One row says it all.
            reading.unreadable.clear();
        }
        reading.unreadable.push(Unreadable { what, why });
        Ok(reading)
    }

    /// Every object of a collection in these namespaces.
    pub(crate) async fn read_in<T: DeserializeOwned>(
        &self,
        collection: &Collection,
        namespaces: &BTreeSet<String>,
    ) -> Result<Reading<T>, ClusterError> {
        let each = namespaces.iter().map(|namespace| async move {
            self.tolerate(collection, Some(namespace), self.list(collection, Some(namespace), None).await)
        });
        let mut whole = Reading { items: Vec::new(), unreadable: Vec::new() };
        for reading in try_join_all(each).await? {
            whole.items.extend(reading.items);
            whole.unreadable.extend(reading.unreadable);
        }
        Ok(whole)
    }

    /// Turns a refusal into a fact.
    #[expect(clippy::unused_self, reason = "reads as the other steps of a reading do")]
    pub(crate) fn tolerate<T>(
        &self,
        collection: &Collection,
        namespace: Option<&str>,
        listed: Result<Vec<T>, ClusterError>,
    ) -> Result<Reading<T>, ClusterError> {
        match listed {
            Err(ClusterError::Forbidden(why)) => {
                let place =
                    namespace.map(|namespace| format!(" in namespace {namespace}")).unwrap_or_default();
                let what = format!("{}{place}", collection.named);
                Ok(Reading { items: Vec::new(), unreadable: vec![Unreadable { what, why }] })
            }
            listed => Ok(Reading { items: listed?, unreadable: Vec::new() }),
        }
    }

    /// One collection in pages of 500, as kubectl reads it.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        collection: &Collection,
        namespace: Option<&str>,
        labels: Option<&str>,
    ) -> Result<Vec<T>, ClusterError> {
        let request = Request::new(collection.path(namespace));
        let mut parameters =
            ListParams { label_selector: labels.map(str::to_owned), ..ListParams::default() };
        parameters.limit = Some(500);
        let mut items = Vec::new();
        loop {
            let page = self.page::<T>(&request, &parameters).await;
            let page = match page {
                // A list that took longer than etcd keeps its versions: begin again, in one piece.
                Err(ClusterError::Server { reason, .. })
                    if reason == "Expired" && parameters.limit.is_some() =>
                {
                    items.clear();
                    parameters.limit = None;
                    parameters.continue_token = None;
                    continue;
                }
                page => page?,
            };
            items.extend(page.items);
            parameters.continue_token = page.metadata.next.filter(|token| !token.is_empty());
            if parameters.continue_token.is_none() {
                return Ok(items);
            }
        }
    }

    async fn page<T: DeserializeOwned>(
        &self,
        request: &Request,
        parameters: &ListParams,
    ) -> Result<Page<T>, ClusterError> {
        let request = request.list(parameters).map_err(kube::Error::BuildRequest);
        self.ask(async { self.client.request(request?).await }).await
    }
}
