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
    #[error("no egress for host {} found in namespace {namespace}", quoted(.hosts))]
    NotFound {
        /// The hosts, at least one.
        hosts: Vec<DnsName>,
        /// The namespace.
        namespace: String,
    },
}

/// What a selection found.
#[derive(Clone, Debug)]
pub struct SelectedEgresses<'a> {
    /// The egresses, in the order of the selection.
    pub found: Vec<Egress<'a>>,
    /// What is said at the end of hosts that have none, while others have one: they are removed all the same. A removal that
    /// was cut short, and that is typed again, has such hosts.
    pub missing: Option<RemoveError>,
}

/// The selected egresses of a namespace. Those that others made are among them with `force` only.
///
/// # Errors
/// [`RemoveError`] for a host that was named and is not ours, and where none of the hosts is there.
pub fn choose<'a>(
    selection: &Selection,
    force: bool,
    namespace: &str,
    all: &[Egress<'a>],
) -> Result<SelectedEgresses<'a>, RemoveError> {
    let removable =
        |egress: &&Egress<'_>| egress.namespace == namespace && (egress.layout.is_some() || force);
    let selected = |egress: &&Egress<'_>| match selection {
        Selection::Labels(selector) => {
            egress.parts.iter().any(|part| selector.matches(&part.resource.labels))
        }
        Selection::Hosts(_) | Selection::All => true,
    };
    if let Selection::Hosts(hosts) = selection {
        return named(hosts, namespace, &Existing::of(all), force);
    }
    let found = all.iter().filter(removable).filter(selected).cloned().collect();
    Ok(SelectedEgresses { found, missing: None })
}

fn named<'a>(
    hosts: &[DnsName],
    namespace: &str,
    existing: &Existing<'_, 'a>,
    force: bool,
) -> Result<SelectedEgresses<'a>, RemoveError> {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for host in hosts {
        let of_host = of_host(host, namespace, existing, force)?;
        if of_host.is_empty() {
            missing.push(host.clone());
        }
        found.extend(of_host);
    }
    let missing = (!missing.is_empty())
        .then(|| RemoveError::NotFound { hosts: missing, namespace: namespace.to_owned() });
    match missing {
        Some(missing) if found.is_empty() => Err(missing),
        missing => Ok(SelectedEgresses { found, missing }),
    }
}

fn of_host<'a>(
    host: &DnsName,
    namespace: &str,
    existing: &Existing<'_, 'a>,
    force: bool,
) -> Result<Vec<Egress<'a>>, RemoveError> {
    let of_host = existing.of_host(host).iter().copied();
    let found: Vec<&Egress<'a>> = of_host.filter(|egress| egress.namespace == namespace).collect();
    let ours: Vec<Egress<'a>> =
        found.iter().filter(|egress| egress.layout.is_some()).map(|egress| (*egress).clone()).collect();
    match found.first() {
        Some(_) if !ours.is_empty() => Ok(ours),
        Some(foreign) if force => Ok(vec![(*foreign).clone()]),
        Some(foreign) => Err(RemoveError::Foreign {
            host: host.clone(),
            namespace: namespace.to_owned(),
            objects: foreign.parts.iter().map(|part| part.resource.id.to_string()).collect(),
        }),
        None => Ok(Vec::new()),
    }
}

fn quoted(hosts: &[DnsName]) -> String {
    let quoted: Vec<String> = hosts.iter().map(|host| format!("`{host}`")).collect();
    quoted.join(", ")
}
