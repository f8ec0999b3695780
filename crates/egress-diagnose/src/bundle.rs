//! The facts of a diagnosis as texts: they give the same findings, and contain no secrets.
//!
//! Knows what to keep and what to drop. Does not know archives.

use std::collections::BTreeMap;

use egress_core::host::DnsName;
use egress_core::input::{Gap, Input};
use egress_core::proxy::ProxyView;
use egress_core::related_resources::RelatedResources;
use egress_core::snapshot::Snapshot;
use egress_policy::pinning::{Demand, Pinning};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, to_value};
use thiserror::Error;

use crate::facts::names::{self, NameError};
use crate::facts::{ClusterFacts, PodName, PolicyRefusal, Request};

mod redact;

use redact::Redactor;

/// The version of the format.
const API_VERSION: &str = "kubectl-egress.github.io/v1alpha1";
/// The facts that are kept as a whole.
const KIND: &str = "EgressBundle";

/// The texts, by name: each is JSON.
pub type Texts = BTreeMap<String, String>;

/// Why texts are not a bundle.
#[derive(Debug, Error)]
pub enum BundleError {
    /// A text is missing.
    #[error("expected a file `{0}`, found none")]
    Missing(&'static str),
    /// A text is invalid.
    #[error("{name}: {error}")]
    Text {
        /// Which one.
        name: &'static str,
        /// What does not match.
        error: serde_json::Error,
    },
    /// A name in it is not valid in Kubernetes, so it was not read from a cluster.
    #[error(transparent)]
    Name(#[from] NameError),
    /// It was written by another version.
    #[error("expected {KIND} of {API_VERSION}, found {kind} of {api_version}")]
    Version {
        /// The version that was found.
        api_version: String,
        /// The kind that was found.
        kind: String,
    },
}

/// `bundle.json`: version and request.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    api_version: String,
    kind: String,
    /// The version of the program that wrote it.
    written_by: String,
    hosts: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<RequestedClient>,
}

/// The requested client pod.
#[derive(Serialize, Deserialize)]
struct RequestedClient {
    namespace: String,
    name: String,
}

/// The policies' objections to one egress.
#[derive(Serialize, Deserialize)]
struct Refused {
    namespace: String,
    host: String,
    refusals: Vec<PolicyRefusal>,
}

/// One Envoy that was read.
#[derive(Serialize, Deserialize)]
struct Envoy {
    namespace: String,
    name: String,
    seen: Result<ProxyView, String>,
}

/// The policies' requirements for one egress.
#[derive(Serialize, Deserialize)]
struct Demanded {
    namespace: String,
    host: String,
    demands: Vec<Demand>,
}

const HEAD: &str = "bundle.json";
const SNAPSHOT: &str = "cluster.json";
const RELATED_RESOURCES: &str = "surroundings.json";
const GAPS: &str = "gaps.json";
const ENVOYS: &str = "envoys.json";
const DEMANDS: &str = "demands.json";
const REFUSALS: &str = "refusals.json";
const RIGHTS: &str = "rights.json";
const FLEET: &str = "fleet.json";

/// Whether a bundle has a text of this name.
pub fn is_name(name: &str) -> bool {
    [HEAD, SNAPSHOT, RELATED_RESOURCES, GAPS, ENVOYS, DEMANDS, REFUSALS, RIGHTS, FLEET].contains(&name)
}

/// The facts of a diagnosis as texts, without what could be a secret.
///
/// # Errors
/// If JSON cannot represent the facts, which their types rule out.
pub fn write(facts: &ClusterFacts, request: &Request, version: &str) -> Result<Texts, serde_json::Error> {
    let head = Head {
        api_version: API_VERSION.to_owned(),
        kind: KIND.to_owned(),
        written_by: version.to_owned(),
        hosts: request.hosts.iter().map(ToString::to_string).collect(),
        namespace: request.namespace.clone(),
        client: request
            .client
            .as_ref()
            .map(|pod| RequestedClient { namespace: pod.namespace.clone(), name: pod.name.clone() }),
    };
    let refused = facts.refusals.iter().map(|((namespace, host), refusals)| Refused {
        namespace: namespace.clone(),
        host: host.clone(),
        refusals: refusals.clone(),
    });
    let envoys = facts.proxies.iter().map(|(pod, seen)| Envoy {
        namespace: pod.namespace.clone(),
        name: pod.name.clone(),
        seen: seen.clone(),
    });
    let demands = facts.demands.as_ref().map_err(String::clone).and_then(|demands| {
        let all = demands.iter().map(|((namespace, host), pinning)| {
            let undecided = pinning.reports.iter().find_map(|report| report.fault.as_ref());
            if let Some(fault) = undecided {
                return Err(fault.to_string());
            }
            let (namespace, host, demands) = (namespace.clone(), host.clone(), pinning.demands.clone());
            Ok(Demanded { namespace, host, demands })
        });
        all.collect::<Result<Vec<_>, _>>()
    });
    let redactor = &mut Redactor::default();
    let mut text = |value: serde_json::Result<Value>| redacted(value, redactor);
    let texts = [
        (HEAD, text(to_value(&head))?),
        (SNAPSHOT, text(to_value(&facts.snapshot))?),
        (RELATED_RESOURCES, text(to_value(&facts.related_resources))?),
        (GAPS, text(to_value(facts.gaps.iter().collect::<Vec<_>>()))?),
        (ENVOYS, text(to_value(envoys.collect::<Vec<_>>()))?),
        (DEMANDS, text(to_value(&demands))?),
        (REFUSALS, text(to_value(refused.collect::<Vec<_>>()))?),
        (RIGHTS, text(to_value(&facts.rights))?),
        (FLEET, text(to_value(&facts.fleet))?),
    ];
    Ok(texts.map(|(name, text)| (name.to_owned(), text)).into())
}

/// The facts and the request of a bundle.
///
/// # Errors
/// [`BundleError`] if the texts are not in the format of [`write`].
pub fn read(texts: &Texts) -> Result<(ClusterFacts, Request), BundleError> {
    let Head { api_version, kind, hosts, namespace, client, .. } = of(texts, HEAD)?;
    if (api_version.as_str(), kind.as_str()) != (API_VERSION, KIND) {
        return Err(BundleError::Version { api_version, kind });
    }
    let envoys: Vec<Envoy> = of(texts, ENVOYS)?;
    let gaps: Vec<(Input, Gap)> = of(texts, GAPS)?;
    let demands: Result<Vec<Demanded>, String> = of(texts, DEMANDS)?;
    let refused: Vec<Refused> = of(texts, REFUSALS)?;
    let client = client.map(|RequestedClient { namespace, name }| PodName { namespace, name });
    let named = |envoy: Envoy| (PodName { namespace: envoy.namespace, name: envoy.name }, envoy.seen);
    let demanded =
        |all: Demanded| ((all.namespace, all.host), Pinning { demands: all.demands, reports: Vec::new() });
    let facts = ClusterFacts {
        snapshot: of::<Snapshot>(texts, SNAPSHOT)?,
        related_resources: of::<RelatedResources>(texts, RELATED_RESOURCES)?,
        gaps: gaps.into_iter().collect(),
        proxies: envoys.into_iter().map(named).collect(),
        demands: demands.map(|demands| demands.into_iter().map(demanded).collect()),
        refusals: refused.into_iter().map(|all| ((all.namespace, all.host), all.refusals)).collect(),
        rights: of(texts, RIGHTS)?,
        fleet: of(texts, FLEET)?,
    };
    names::of_facts(&facts)?;
    // An invalid host was never requested.
    let hosts = hosts.iter().filter_map(|host| host.parse::<DnsName>().ok()).collect();
    Ok((facts, Request { hosts, namespace, client }))
}

fn redacted(value: serde_json::Result<Value>, redactor: &mut Redactor) -> Result<String, serde_json::Error> {
    let mut value = value?;
    redactor.redact(&mut value);
    Ok(serde_json::to_string_pretty::<Value>(&value)? + "\n")
}

fn of<T: DeserializeOwned>(texts: &Texts, name: &'static str) -> Result<T, BundleError> {
    let text = texts.get(name).ok_or(BundleError::Missing(name))?;
    serde_json::from_str(text).map_err(|error| BundleError::Text { name, error })
}

#[cfg(test)]
mod tests;
