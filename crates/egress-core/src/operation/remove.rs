//! Which egresses `remove` means.

use thiserror::Error;

use super::existing::Existing;
use crate::host::DnsName;
use crate::inventory::Egress;
use crate::selector::Selector;

/// What to remove.
#[derive(Clone, Debug)]
pub enum Selection {
    /// These hosts, each once, at least one.
    Hosts(Vec<DnsName>),
    /// Hosts whose objects have these labels.
    Labels(Selector),
    /// Every host of the namespace.
    All,
}

/// Why a host is not removed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RemoveError {
    /// Somebody else made it.
    #[error("the egress of `{host}` in namespace {namespace} was not made by this plugin: {}", .objects.join(", "))]
    Foreign {
        /// The host.
        host: DnsName,
        /// The namespace.
        namespace: String,
        /// Its objects, in kubectl's words.
        objects: Vec<String>,
    },
    /// There is none.
    #[error("no egress for host `{host}` found in namespace {namespace}")]
    NotFound {
        /// The host.
        host: DnsName,
        /// The namespace.
        namespace: String,
    },
}

/// The selected egresses of a namespace, in the order of the selection. Those that others made are among them with `force`
/// only.
///
/// # Errors
/// [`RemoveError`] for a host that was named and is not there, or is not ours.
pub fn choose<'a>(
    selection: &Selection,
    force: bool,
    namespace: &str,
    all: &[Egress<'a>],
) -> Result<Vec<Egress<'a>>, RemoveError> {
    let here = || all.iter().filter(|egress| egress.namespace == namespace);
    let removable = |egress: &&Egress<'_>| egress.layout.is_some() || force;
    match selection {
        Selection::Hosts(hosts) => {
            let existing = Existing::of(all);
            let found = hosts.iter().map(|host| named(host, namespace, &existing, force));
            found.collect::<Result<Vec<Vec<Egress<'a>>>, RemoveError>>().map(|found| found.concat())
        }
        Selection::All => Ok(here().filter(removable).cloned().collect()),
        Selection::Labels(selector) => Ok(here()
            .filter(removable)
            .filter(|egress| egress.parts.iter().any(|part| selector.matches(&part.resource.labels)))
            .cloned()
            .collect()),
    }
}

fn named<'a>(
    host: &DnsName,
    namespace: &str,
    existing: &Existing<'_, 'a>,
    force: bool,
) -> Result<Vec<Egress<'a>>, RemoveError> {
    let of_host = existing.of_host(host).iter().copied();
    let found: Vec<&Egress<'a>> = of_host.filter(|egress| egress.namespace == namespace).collect();
    let ours: Vec<Egress<'a>> =
        found.iter().filter(|egress| egress.layout.is_some()).map(|egress| (*egress).clone()).collect();
    match (ours.is_empty(), found.first()) {
        (false, _) => Ok(ours),
        (true, Some(foreign)) if force => Ok(vec![(*foreign).clone()]),
        (true, Some(foreign)) => Err(RemoveError::Foreign {
            host: host.clone(),
            namespace: namespace.to_owned(),
            objects: foreign.parts.iter().map(|part| part.resource.id.to_string()).collect(),
        }),
        (true, None) => Err(RemoveError::NotFound { host: host.clone(), namespace: namespace.to_owned() }),
    }
}
