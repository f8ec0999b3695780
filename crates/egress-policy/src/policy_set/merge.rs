//! The files of several layers as one: a lower layer adds, and takes nothing away.

use std::cmp::Reverse;
use std::time::Duration;

use thiserror::Error;

use super::{Layer, MergedConfig, NamingOwner};
use crate::config::{
    ConfiguredLimits, ExceptionEntry, PolicyConfig, PolicyEntry, Source, bytes_text, duration_text,
};
use crate::exception::Exception;

/// Why the layers do not go together.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum MergeError {
    /// Two policies of one name: findings and lock files would not tell which is meant.
    #[error(
        "policy `{name}` is configured in the {first} layer and in the {second} layer; give one another name, since a lower layer adds policies and never replaces one"
    )]
    SameName {
        /// The name.
        name: String,
        /// The higher layer.
        first: Layer,
        /// The lower one.
        second: Layer,
    },
    /// A file on somebody's disk means something else on every machine.
    #[error(
        "policy `{name}` of the cluster layer is a local file, `{path}`; expected `configmap://NAME/KEY` or `oci://…`"
    )]
    FileInCluster {
        /// The policy.
        name: String,
        /// What was written.
        path: String,
    },
    /// An exception from a policy of a higher layer.
    #[error(
        "the {layer} layer has an exception from `{code}` of policy `{policy}`, which the {above} layer sets; an exception belongs to the same layer as the policy or to a higher one"
    )]
    ExceptionBelow {
        /// Of the exception.
        layer: Layer,
        /// The code.
        code: String,
        /// The policy.
        policy: String,
        /// The policy's layer.
        above: Layer,
    },
    /// `naming.use` means nobody.
    #[error("`naming: {{use: {policy}}}` of the {layer} layer names no policy; expected one of: {known}")]
    NoSuchOwner {
        /// The name.
        policy: String,
        /// Who says so.
        layer: Layer,
        /// Every policy there is.
        known: String,
    },
    /// Labels of other controllers are for the cluster's owners to give away.
    #[error(
        "the {layer} layer has `labels`; only the cluster's configuration may allow policies to set labels of other controllers"
    )]
    LabelsBelow {
        /// Who says so.
        layer: Layer,
    },
    /// A limit is raised by somebody else than the user.
    #[error(
        "the {layer} layer asks for `limits.{field}: {asked}`, more than {allowed}; only the user's own file may raise a limit"
    )]
    RaisedLimit {
        /// Who asks.
        layer: Layer,
        /// For which.
        field: &'static str,
        /// How much.
        asked: String,
        /// What there is.
        allowed: String,
    },
}

/// Joins the files of all layers. `limits` is what the engine may spend where no file says anything.
///
/// # Errors
/// [`MergeError`] when the files contradict each other, or a lower layer would take away what a higher one says.
pub fn merge(
    mut layers: Vec<(Layer, PolicyConfig)>,
    limits: &ConfiguredLimits,
) -> Result<MergedConfig, MergeError> {
    layers.sort_by_key(|(layer, _)| Reverse(*layer));
    let limits = merged_limits(&layers, limits)?;
    let owner = |(layer, set): &(Layer, PolicyConfig)| {
        set.naming.clone().map(|policy| NamingOwner { policy, layer: *layer })
    };
    let mut merged = MergedConfig {
        defaults: layers.iter().filter_map(|(layer, set)| Some((*layer, set.default?))).collect(),
        naming: layers.iter().find_map(owner),
        limits,
        ..MergedConfig::default()
    };
    for (layer, set) in layers {
        // Every field is named, so that the compiler asks about a new one.
        let PolicyConfig { default: _, naming: _, limits: _, policies, label_prefixes, exceptions } = set;
        if layer != Layer::Cluster && !label_prefixes.is_empty() {
            return Err(MergeError::LabelsBelow { layer });
        }
        merged.label_prefixes.extend(label_prefixes);
        merged.exceptions.extend(exceptions.into_iter().map(|entry| exception(layer, entry)));
        for entry in policies {
            check_entry(&merged.entries, layer, &entry)?;
            merged.entries.push((layer, entry));
        }
    }
    check_owner(&merged)?;
    merged.exceptions.iter().try_for_each(|exception| check_exception(&merged.entries, exception))?;
    Ok(merged)
}

fn check_entry(before: &[(Layer, PolicyEntry)], layer: Layer, entry: &PolicyEntry) -> Result<(), MergeError> {
    if let Some((first, _)) = before.iter().find(|(_, other)| other.name == entry.name) {
        return Err(MergeError::SameName { name: entry.name.clone(), first: *first, second: layer });
    }
    match &entry.source {
        Source::File(path) if layer == Layer::Cluster => {
            Err(MergeError::FileInCluster { name: entry.name.clone(), path: path.clone() })
        }
        _ => Ok(()),
    }
}

fn check_owner(merged: &MergedConfig) -> Result<(), MergeError> {
    let Some(NamingOwner { policy, layer }) = &merged.naming else { return Ok(()) };
    let names: Vec<&str> = merged.entries.iter().map(|(_, entry)| entry.name.as_str()).collect();
    if names.contains(&policy.as_str()) {
        return Ok(());
    }
    let known = if names.is_empty() { "there is none".to_owned() } else { names.join(", ") };
    Err(MergeError::NoSuchOwner { policy: policy.clone(), layer: *layer, known })
}

/// An exception that names a policy of a higher layer is an attempt at what it may not do. One that names a policy that
/// is not there is none: a cluster may allow beforehand what only some repositories ask about.
fn check_exception(entries: &[(Layer, PolicyEntry)], exception: &Exception) -> Result<(), MergeError> {
    let named = |(above, entry): &&(Layer, PolicyEntry)| {
        *above > exception.layer && exception.policy.as_ref() == Some(&entry.name)
    };
    match entries.iter().find(named) {
        Some((above, entry)) => Err(MergeError::ExceptionBelow {
            layer: exception.layer,
            code: exception.code.clone(),
            policy: entry.name.clone(),
            above: *above,
        }),
        None => Ok(()),
    }
}

fn exception(layer: Layer, entry: ExceptionEntry) -> Exception {
    let ExceptionEntry { code, destination, policy, until, approved_by, reason } = entry;
    Exception { layer, code, destination, policy, until, approved_by, reason }
}

fn merged_limits(
    layers: &[(Layer, PolicyConfig)],
    defaults: &ConfiguredLimits,
) -> Result<ConfiguredLimits, MergeError> {
    let merged = |field, of: fn(&ConfiguredLimits) -> Option<u64>, text: fn(u64) -> String| {
        let asked = layers.iter().filter_map(|(layer, set)| Some((*layer, of(&set.limits)?)));
        merged_limit(field, &asked.collect::<Vec<_>>(), of(defaults), text)
    };
    let time_text = |number| duration_text(Duration::from_millis(number));
    let count_text = |number: u64| number.to_string();
    Ok(ConfiguredLimits {
        wall: merged("wall", |limits| limits.wall.map(milliseconds), time_text)?.map(Duration::from_millis),
        fuel: merged("fuel", |limits| limits.fuel, count_text)?,
        memory: merged("memory", |limits| limits.memory, bytes_text)?,
        module: merged("module", |limits| limits.module, bytes_text)?,
        compile: merged("compile", |limits| limits.compile.map(milliseconds), time_text)?
            .map(Duration::from_millis),
        nodes: merged("nodes", |limits| limits.nodes, count_text)?,
    })
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The limits guard the user's machine: only the user's own file may raise one, and the lowest of all others holds.
fn merged_limit(
    field: &'static str,
    asked: &[(Layer, u64)],
    default: Option<u64>,
    text: fn(u64) -> String,
) -> Result<Option<u64>, MergeError> {
    let of_user = asked.iter().find(|(layer, _)| *layer == Layer::User).map(|(_, number)| *number);
    let allowed = of_user.max(default);
    for (layer, number) in asked.iter().filter(|(layer, _)| *layer != Layer::User) {
        if let Some(allowed) = allowed.filter(|allowed| number > allowed) {
            let (asked, allowed) = (text(*number), text(allowed));
            return Err(MergeError::RaisedLimit { layer: *layer, field, asked, allowed });
        }
    }
    let others = asked.iter().filter(|(layer, _)| *layer != Layer::User).map(|(_, number)| *number);
    Ok(others.chain(of_user.or(default)).min())
}
