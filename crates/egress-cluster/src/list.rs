//! Reads whole collections in pages: cluster-wide if allowed, else in the relevant namespaces.
//!
//! Knows paths and permissions, not what the objects mean.

use std::collections::BTreeSet;
use std::fmt::Display;

use egress_core::input::Input;
use egress_core::kind::Kind;
use egress_core::tree::Tree;
use egress_core::typed::{FieldError, typed};
use egress_core::unreadable::Unreadable;
use futures::future::try_join_all;
use kube::api::{GetParams, ListParams};
use kube::core::Request;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::cluster::Cluster;
use crate::error::{ClusterError, one_line};

/// One collection of the API.
#[derive(Clone, Debug)]
pub(crate) struct Collection {
    /// `/api/v1` or `/apis/GROUP/VERSION`.
    prefix: String,
    plural: &'static str,
    /// The kind of facts that its objects are; none if no decision depends on them.
    input: Option<Input>,
    /// As kubectl names it: `serviceentries.networking.istio.io`.
    named: String,
    /// The most objects in one response.
    page: u32,
}

/// The objects of a collection that could be read, and the gaps.
#[derive(Debug)]
pub(crate) struct ListResult<T> {
    pub(crate) items: Vec<T>,
    /// The namespaces that were read; `None`: all.
    pub(crate) covered: Option<BTreeSet<String>>,
    pub(crate) unreadable: Vec<Unreadable>,
}

/// A response of the API server. Its objects are parsed through a tree, as those of files are, so that the program
/// contains only one parser for each type.
#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    metadata: PageMetadata,
    #[serde(borrow, default)]
    items: Option<Vec<Tree<'a>>>,
}

#[derive(Default, Deserialize)]
struct PageMetadata {
    #[serde(rename = "continue")]
    next: Option<String>,
}

impl Collection {
    /// A collection of the core API.
    pub(crate) fn core(input: Input, plural: &'static str) -> Self {
        let (prefix, named) = ("/api/v1".to_owned(), plural.to_owned());
        Collection { prefix, plural, input: Some(input), named, page: 500 }
    }

    /// A collection of an API group. Its objects are small, and every page after the first is read from etcd instead of
    /// the server's memory: with 2,000 objects, pages of 500 take twice as long as one answer.
    pub(crate) fn of_group(
        input: impl Into<Option<Input>>,
        group: &str,
        version: &str,
        plural: &'static str,
    ) -> Self {
        let (prefix, named) = (format!("/apis/{group}/{version}"), format!("{plural}.{group}"));
        Collection { prefix, plural, input: input.into(), named, page: 5000 }
    }

    /// The objects of one kind, where the server has Istio's API in this version.
    pub(crate) fn of_kind(kind: Kind, istio_version: &str) -> Self {
        Collection::of_group(Input::from(kind), kind.group(), kind.version(istio_version), kind.plural())
    }

    /// The gap for a namespace that could not be read.
    pub(crate) fn unreadable(&self, why: String) -> Unreadable {
        Unreadable::new(self.input, self.named.as_str(), why)
    }

    /// The path of one collection: of a namespace, or of the whole cluster.
    pub(crate) fn path(&self, namespace: Option<&str>) -> String {
        match namespace {
            Some(namespace) => format!("{}/namespaces/{namespace}/{}", self.prefix, self.plural),
            None => format!("{}/{}", self.prefix, self.plural),
        }
    }

    /// Turns a refusal into a fact.
    pub(crate) fn tolerate<T>(
        &self,
        namespace: Option<&str>,
        listed: Result<Vec<T>, ClusterError>,
    ) -> Result<ListResult<T>, ClusterError> {
        match listed {
            Err(ClusterError::Forbidden(why)) => {
                let unreadable = self.unreadable(why);
                let unreadable = namespace.into_iter().fold(unreadable, Unreadable::in_namespace);
                let covered = Some(BTreeSet::new());
                Ok(ListResult { items: Vec::new(), covered, unreadable: vec![unreadable] })
            }
            listed => Ok(ListResult::whole(listed?)),
        }
    }
}

impl<T> ListResult<T> {
    /// A collection without gaps.
    pub(crate) fn whole(items: Vec<T>) -> Self {
        ListResult { items, covered: None, unreadable: Vec::new() }
    }

    /// Whether a namespace was read.
    pub(crate) fn covers(&self, namespace: &str) -> bool {
        self.covered.as_ref().is_none_or(|covered| covered.contains(namespace))
    }
}

impl Cluster {
    /// Every object of a collection, cluster-wide; without that permission, those of the given namespaces. The result
    /// includes the gaps.
    pub(crate) async fn read<T: DeserializeOwned>(
        &self,
        collection: &Collection,
        narrow: &BTreeSet<String>,
    ) -> Result<ListResult<T>, ClusterError> {
        self.read_as(collection, narrow, typed).await
    }

    /// The same, where `read` makes something of each object.
    pub(crate) async fn read_as<T>(
        &self,
        collection: &Collection,
        narrow: &BTreeSet<String>,
        read: impl Fn(&Tree<'_>) -> Result<T, FieldError> + Copy,
    ) -> Result<ListResult<T>, ClusterError> {
        let why = match self.list_as(collection, None, None, read).await {
            Err(ClusterError::Forbidden(why)) => why,
            all => return Ok(ListResult::whole(all?)),
        };
        let mut result = self.read_in_as(collection, narrow, read).await?;
        let covered = result.covered.clone().unwrap_or_default();
        // One gap is enough: the refused namespaces are outside those that were read.
        result.unreadable = vec![collection.unreadable(why).outside(covered)];
        Ok(result)
    }

    /// Every object of a collection in these namespaces.
    pub(crate) async fn read_in<T: DeserializeOwned>(
        &self,
        collection: &Collection,
        namespaces: &BTreeSet<String>,
    ) -> Result<ListResult<T>, ClusterError> {
        self.read_in_as(collection, namespaces, typed).await
    }

    async fn read_in_as<T>(
        &self,
        collection: &Collection,
        namespaces: &BTreeSet<String>,
        read: impl Fn(&Tree<'_>) -> Result<T, FieldError> + Copy,
    ) -> Result<ListResult<T>, ClusterError> {
        let each = namespaces.iter().map(|namespace| async move {
            let listed = self.list_as(collection, Some(namespace), None, read).await;
            collection.tolerate(Some(namespace), listed)
        });
        let mut whole =
            ListResult { items: Vec::new(), covered: Some(BTreeSet::new()), unreadable: Vec::new() };
        for (namespace, result) in namespaces.iter().zip(try_join_all(each).await?) {
            if result.unreadable.is_empty() {
                whole.covered.get_or_insert_default().insert(namespace.clone());
            }
            whole.items.extend(result.items);
            whole.unreadable.extend(result.unreadable);
        }
        Ok(whole)
    }

    /// One collection, page by page.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        collection: &Collection,
        namespace: Option<&str>,
        labels: Option<&str>,
    ) -> Result<Vec<T>, ClusterError> {
        self.list_as(collection, namespace, labels, typed).await
    }

    /// The same, where `read` makes something of each object.
    pub(crate) async fn list_as<T>(
        &self,
        collection: &Collection,
        namespace: Option<&str>,
        labels: Option<&str>,
        read: impl Fn(&Tree<'_>) -> Result<T, FieldError> + Copy,
    ) -> Result<Vec<T>, ClusterError> {
        let add = |items: &mut Vec<T>, object: &Tree<'_>| {
            items.push(read(object)?);
            Ok(())
        };
        self.collect(collection, namespace, labels, add).await
    }

    /// One collection, page by page, as one value that `add` adds each object to.
    pub(crate) async fn collect<A: Default>(
        &self,
        collection: &Collection,
        namespace: Option<&str>,
        labels: Option<&str>,
        add: impl Fn(&mut A, &Tree<'_>) -> Result<(), FieldError>,
    ) -> Result<A, ClusterError> {
        let request = Request::new(collection.path(namespace));
        let mut parameters =
            ListParams { label_selector: labels.map(str::to_owned), ..ListParams::default() };
        parameters.limit = Some(collection.page);
        let mut all = A::default();
        loop {
            let page = Box::pin(self.page(&request, &parameters)).await;
            let page = match page {
                // The continue token expired, because etcd compacted its version: list again without pages.
                Err(ClusterError::Server { reason, .. })
                    if reason == "Expired" && parameters.limit.is_some() =>
                {
                    all = A::default();
                    parameters.limit = None;
                    parameters.continue_token = None;
                    continue;
                }
                page => page?,
            };
            let page: Page<'_> = serde_json::from_str(&page).map_err(unexpected)?;
            for object in page.items.iter().flatten() {
                add(&mut all, object).map_err(unexpected)?;
            }
            parameters.continue_token = page.metadata.next.filter(|token| !token.is_empty());
            if parameters.continue_token.is_none() {
                return Ok(all);
            }
        }
    }

    /// One object of a collection, if it exists.
    pub(crate) async fn one<T: DeserializeOwned>(
        &self,
        collection: &Collection,
        namespace: &str,
        name: &str,
    ) -> Result<Option<T>, ClusterError> {
        let request = Request::new(collection.path(Some(namespace))).get(name, &GetParams::default());
        let request = request.map_err(kube::Error::BuildRequest);
        match self.ask(async { self.client.request_text(request?).await }).await {
            Err(error) if error.is_not_found() => Ok(None),
            text => {
                let text = text?;
                let tree: Tree<'_> = serde_json::from_str(&text).map_err(unexpected)?;
                typed(&tree).map(Some).map_err(unexpected)
            }
        }
    }

    async fn page(&self, request: &Request, parameters: &ListParams) -> Result<String, ClusterError> {
        let request = request.list(parameters).map_err(kube::Error::BuildRequest);
        self.ask(async { self.client.request_text(request?).await }).await
    }
}

fn unexpected(error: impl Display) -> ClusterError {
    ClusterError::Unexpected(format!("unexpected answer from the server: {}", one_line(&error.to_string())))
}
