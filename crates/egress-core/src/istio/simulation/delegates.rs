//! The HTTP rules of VirtualServices that delegate to others, with the delegates' rules in their places.
//!
//! Follows `mergeVirtualServices` in `pilot/pkg/model/virtualservice_controller.go` and `MergeHTTPRoutes` in
//! `virtualservice.go`. Fields that do not decide where a call goes are left as the delegate has them.

use std::collections::{BTreeMap, HashMap};

use egress_istio::virtual_service::{VirtualServiceHttp, VirtualServiceHttpMatch};

use super::http_match::{TextMatch, ThreeWays};
use crate::resource::{ObjectId, Resource};
use crate::snapshot::MeshFacts;
use crate::visibility::destination_rule::full_host;
use crate::visibility::virtual_service::gateway_name;

/// The merged rules of each VirtualService that has a delegate.
#[derive(Default)]
pub(super) struct MergedRules<'a>(HashMap<&'a ObjectId, RootRules>);

/// The rules of a VirtualService with a delegate.
struct RootRules {
    merged: Vec<VirtualServiceHttp>,
    /// Of each of them the index of the VirtualService's own rule.
    written: Vec<usize>,
}

impl<'a> MergedRules<'a> {
    /// The merged rules among these VirtualServices.
    pub(super) fn new(all: &[&'a Resource], mesh: &MeshFacts) -> Self {
        let delegates = |resource: &&&Resource| rules(resource).iter().any(|rule| rule.delegate.is_some());
        let roots: Vec<&&'a Resource> = all.iter().filter(delegates).collect();
        if roots.is_empty() {
            return MergedRules::default();
        }
        let by_name: HashMap<(&str, &str), &Resource> = all
            .iter()
            .filter(|resource| is_delegate(resource))
            .map(|resource| ((resource.id.namespace.as_str(), resource.id.name.as_str()), *resource))
            .collect();
        MergedRules(roots.into_iter().map(|root| (&root.id, merged(root, &by_name, mesh))).collect())
    }

    /// The HTTP rules of a VirtualService.
    pub(super) fn of<'s>(&'s self, resource: &'s Resource) -> &'s [VirtualServiceHttp] {
        self.0.get(&resource.id).map_or_else(|| rules(resource), |root| &root.merged)
    }

    /// The index among a VirtualService's own rules of the one that a rule of [`Self::of`] comes from.
    pub(super) fn written(&self, resource: &Resource, merged: usize) -> usize {
        let of_root = self.0.get(&resource.id).and_then(|root| root.written.get(merged));
        of_root.copied().unwrap_or(merged)
    }
}

/// Whether others may delegate to it: it has no hosts. It says nothing by itself.
pub(super) fn is_delegate(resource: &Resource) -> bool {
    resource.virtual_service().is_some_and(|spec| spec.hosts.as_ref().is_none_or(Vec::is_empty))
}

fn rules(resource: &Resource) -> &[VirtualServiceHttp] {
    resource.virtual_service().and_then(|spec| spec.http.as_deref()).unwrap_or_default()
}

fn merged(root: &Resource, delegates: &HashMap<(&str, &str), &Resource>, mesh: &MeshFacts) -> RootRules {
    let own = &root.id.namespace;
    let mut found = RootRules { merged: Vec::new(), written: Vec::new() };
    for (number, rule) in rules(root).iter().enumerate() {
        let Some(named) = &rule.delegate else {
            found.merged.push(rule.clone());
            found.written.push(number);
            continue;
        };
        let namespace = named.namespace.as_ref().filter(|namespace| !namespace.is_empty()).unwrap_or(own);
        let name = named.name.as_deref().unwrap_or_default();
        let delegate = delegates.get(&(namespace.as_str(), name)).filter(|it| is_visible(it, own, mesh));
        // A rule whose delegate does not exist, or is hidden from the root's namespace, is left out.
        let Some(delegate) = delegate else { continue };
        let rule = in_full(rule, own, mesh);
        let of_delegate = rules(delegate).iter().map(|own| in_full(own, namespace, mesh));
        found.merged.extend(of_delegate.filter_map(|delegated| merge(&rule, delegated)));
        found.written.resize(found.merged.len(), number);
    }
    found
}

fn is_visible(delegate: &Resource, viewer: &str, mesh: &MeshFacts) -> bool {
    let own = delegate.virtual_service().and_then(|spec| spec.export_to.as_deref()).unwrap_or_default();
    let usual = &mesh.default_export_to.virtual_services;
    let words = if own.is_empty() { usual } else { own };
    let owner = &delegate.id.namespace;
    (own.is_empty() && usual.is_empty())
        || words.iter().any(|word| word == "*" || word == viewer || (word == "." && owner == viewer))
}

/// The rule with its names in full: a delegate's short names are those of its own namespace.
/// `ResolveVirtualServiceShortnames`.
fn in_full(rule: &VirtualServiceHttp, namespace: &str, mesh: &MeshFacts) -> VirtualServiceHttp {
    let mut rule = rule.clone();
    for matched in rule.r#match.iter_mut().flatten() {
        for gateway in matched.gateways.iter_mut().flatten() {
            *gateway = gateway_name(gateway, namespace);
        }
    }
    let hosts = rule.route.iter_mut().flatten().map(|route| &mut route.destination.host);
    let mirrors = rule.mirrors.iter_mut().flatten().map(|mirror| &mut mirror.destination.host);
    for host in hosts.chain(mirrors).chain(rule.mirror.as_mut().map(|mirror| &mut mirror.host)) {
        *host = full_host(host, namespace, mesh);
    }
    rule
}

/// The delegate's rule with what the root says beside it; none where their matches contradict each other.
fn merge(root: &VirtualServiceHttp, delegated: VirtualServiceHttp) -> Option<VirtualServiceHttp> {
    let matches = merge_matches(
        root.r#match.as_deref().unwrap_or_default(),
        delegated.r#match.as_deref().unwrap_or_default(),
    )?;
    Some(VirtualServiceHttp {
        r#match: Some(matches),
        delegate: None,
        rewrite: delegated.rewrite.or_else(|| root.rewrite.clone()),
        direct_response: delegated.direct_response.or_else(|| root.direct_response.clone()),
        mirror: delegated.mirror.or_else(|| root.mirror.clone()),
        mirrors: delegated.mirrors.or_else(|| root.mirrors.clone()),
        headers: delegated.headers.or_else(|| root.headers.clone()),
        ..delegated
    })
}

/// Each match of the delegate with each of the root that it does not contradict. One that contradicts all of them takes away
/// the delegate's whole rule.
fn merge_matches(
    root: &[VirtualServiceHttpMatch],
    delegated: &[VirtualServiceHttpMatch],
) -> Option<Vec<VirtualServiceHttpMatch>> {
    if root.is_empty() || delegated.is_empty() {
        return Some([root, delegated].concat());
    }
    let mut found = Vec::new();
    for leaf in delegated {
        let before = found.len();
        found.extend(root.iter().filter(|root| !contradicts(root, leaf)).map(|root| merge_match(root, leaf)));
        if found.len() == before {
            return None;
        }
    }
    Some(found)
}

fn merge_match(root: &VirtualServiceHttpMatch, leaf: &VirtualServiceHttpMatch) -> VirtualServiceHttpMatch {
    let port = |matched: &VirtualServiceHttpMatch| matched.port.filter(|port| *port != 0);
    let namespace = |matched: &VirtualServiceHttpMatch| {
        matched.source_namespace.clone().filter(|namespace| !namespace.is_empty())
    };
    let gateways = |matched: &VirtualServiceHttpMatch| matched.gateways.clone().filter(|it| !it.is_empty());
    VirtualServiceHttpMatch {
        uri: leaf.uri.clone().or_else(|| root.uri.clone()),
        scheme: leaf.scheme.clone().or_else(|| root.scheme.clone()),
        method: leaf.method.clone().or_else(|| root.method.clone()),
        authority: leaf.authority.clone().or_else(|| root.authority.clone()),
        headers: Some(both(root.headers.as_ref(), leaf.headers.as_ref())),
        without_headers: Some(both(root.without_headers.as_ref(), leaf.without_headers.as_ref())),
        query_params: Some(both(root.query_params.as_ref(), leaf.query_params.as_ref())),
        port: port(leaf).or(port(root)),
        source_labels: Some(both(root.source_labels.as_ref(), leaf.source_labels.as_ref())),
        source_namespace: namespace(leaf).or_else(|| namespace(root)),
        gateways: gateways(leaf).or_else(|| gateways(root)),
        ..leaf.clone()
    }
}

/// Of a key in both the delegate's value counts.
fn both<V: Clone>(
    root: Option<&BTreeMap<String, V>>,
    leaf: Option<&BTreeMap<String, V>>,
) -> BTreeMap<String, V> {
    let pairs = root.into_iter().flatten().chain(leaf.into_iter().flatten());
    pairs.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// `hasConflict`.
fn contradicts(root: &VirtualServiceHttpMatch, leaf: &VirtualServiceHttpMatch) -> bool {
    let text = |root: Option<TextMatch<'_>>, leaf: Option<TextMatch<'_>>| match (root, leaf) {
        (Some(root), Some(leaf)) => !is_narrower(leaf, root),
        _ => false,
    };
    let differs = |root: Option<i64>, leaf: Option<i64>| {
        let (root, leaf) = (root.unwrap_or_default(), leaf.unwrap_or_default());
        root > 0 && leaf > 0 && root != leaf
    };
    let namespace = root.source_namespace.as_deref().unwrap_or_default();
    let labels = root.source_labels.as_ref();
    let other_label = |(key, value): (&String, &String)| {
        labels.and_then(|labels| labels.get(key)).is_some_and(|wanted| wanted != value)
    };
    let gateways = |matched: &VirtualServiceHttpMatch| matched.gateways.clone().unwrap_or_default();
    let (wide, narrow) = (gateways(root), gateways(leaf));
    text(written(root.uri.as_deref()), written(leaf.uri.as_deref()))
        || text(written(root.scheme.as_deref()), written(leaf.scheme.as_deref()))
        || text(written(root.method.as_deref()), written(leaf.method.as_deref()))
        || text(written(root.authority.as_deref()), written(leaf.authority.as_deref()))
        || texts(root.headers.as_ref(), leaf.headers.as_ref()).any(|(root, leaf)| text(root, leaf))
        || texts(root.without_headers.as_ref(), leaf.without_headers.as_ref())
            .any(|(root, leaf)| text(root, leaf))
        || texts(root.query_params.as_ref(), leaf.query_params.as_ref()).any(|(root, leaf)| text(root, leaf))
        || root.ignore_uri_case.unwrap_or_default() != leaf.ignore_uri_case.unwrap_or_default()
        || differs(root.port, leaf.port)
        || (!namespace.is_empty() && leaf.source_namespace.as_deref() != Some(namespace))
        || leaf.source_labels.iter().flatten().any(other_label)
        || (!wide.is_empty()
            && !narrow.is_empty()
            && (wide.len() < narrow.len() || narrow.iter().any(|name| !wide.contains(name))))
}

fn written<T: ThreeWays>(it: Option<&T>) -> Option<TextMatch<'_>> {
    it.map(ThreeWays::text_match)
}

/// The texts of the delegate's keys, each with that of the root.
fn texts<'s, T: ThreeWays>(
    root: Option<&'s BTreeMap<String, T>>,
    leaf: Option<&'s BTreeMap<String, T>>,
) -> impl Iterator<Item = (Option<TextMatch<'s>>, Option<TextMatch<'s>>)> {
    let of_root = move |name: &String| root.and_then(|root| root.get(name));
    leaf.into_iter().flatten().map(move |(name, leaf)| (written(of_root(name)), written(Some(leaf))))
}

/// Whether istiod lets a delegate narrow a text of its root like this. It compares no regular expressions, and a delegate may
/// not say again that a header has to be there. `stringMatchConflict`.
fn is_narrower(leaf: TextMatch<'_>, root: TextMatch<'_>) -> bool {
    match (root, leaf) {
        (TextMatch::Exact("") | TextMatch::Prefix(""), _) => false,
        (TextMatch::Exact(root), leaf) => leaf == TextMatch::Exact(root),
        (TextMatch::Prefix(root), TextMatch::Exact(leaf) | TextMatch::Prefix(leaf)) => leaf.starts_with(root),
        _ => false,
    }
}
