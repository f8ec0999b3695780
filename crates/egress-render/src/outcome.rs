//! What `add` and `remove` did: a line per object in kubectl's words, a line per proof, and a versioned document.
//!
//! Knows words. The values are filled in by the one who wrote and looked.

use std::fmt;
use std::time::Duration;

use egress_core::proof::Side;
use egress_core::resource::ObjectId;
use egress_core::role::Role;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use crate::document::API_VERSION;
use crate::duration::seconds;
use crate::error::RenderError;
use crate::manifest;

/// What was done for one host in one namespace.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HostOutcome {
    /// The host.
    pub host: String,
    /// The namespace of its objects.
    pub namespace: String,
    /// Every object, in the order of writing.
    pub steps: Vec<StepOutcome>,
    /// How much of it was seen in proxies.
    pub proof: Proven,
    /// What the user should know, one sentence each.
    pub warnings: Vec<String>,
}

/// What was done to one object.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepOutcome {
    /// The object.
    pub object: ObjectId,
    /// The part it plays.
    pub role: Role,
    /// What was done.
    pub verb: OutcomeVerb,
    /// What was seen in proxies afterwards; `None` where nothing had to be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Looked>,
}

/// What was done to an object, in kubectl's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeVerb {
    /// Created or updated by server-side apply.
    ServersideApplied,
    /// Deleted.
    Deleted,
    /// Already as wanted.
    Unchanged,
    /// Not reached: a step before it failed or was interrupted.
    NotReached,
    /// Asked for, and not answered: it may have been done or not.
    Unknown,
}

/// Proxies that were read after one step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Looked {
    /// Which proxies.
    #[serde(serialize_with = "side_word")]
    pub side: Side,
    /// What they had to show.
    pub shows: Shows,
    /// How many there are.
    pub total: usize,
    /// How many of them were read: of many callers, some.
    pub looked: usize,
    /// How many show what the step wrote, or no longer show what it deleted.
    pub live: usize,
    /// How long it took until they did, or until the time was up.
    #[serde(rename = "seconds", serialize_with = "as_seconds")]
    pub elapsed: Duration,
}

/// What proxies have to show after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Shows {
    /// What was written.
    Live,
    /// No trace of what was deleted or narrowed.
    Gone,
}

/// How much of an outcome was seen in proxies: what was read, not what could have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proven {
    /// Every proxy that had something to show.
    Full,
    /// Some proxies of a side, such as ten of many clients.
    Partial,
    /// Every gateway pod and no client: there is none, or no permission to read them.
    GatewayOnly,
    /// Every client and no gateway pod: there is none, or no permission to read them.
    ClientsOnly,
    /// None.
    None,
}

/// Whether anything was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DryRun {
    /// Everything was written.
    None,
    /// Nothing was sent.
    Client,
    /// The API server checked everything and stored nothing.
    Server,
}

/// `serviceentry.networking.istio.io/edition-cnn-com serverside-applied`, without a newline.
pub fn object_line(object: &ObjectId, verb: OutcomeVerb, dry_run: DryRun) -> String {
    let suffix = match dry_run {
        DryRun::None => "",
        DryRun::Client => " (dry run)",
        DryRun::Server => " (server dry run)",
    };
    format!("{} {verb}{suffix}", manifest::name(object))
}

/// `gateway leg live in 2/2 gateway pods, 0.4 s`, without a newline; `None` if nothing was read.
pub fn proof_line(step: &StepOutcome) -> Option<String> {
    let Looked { side, shows, total, looked, live, elapsed } = step.proof?;
    let (role, elapsed) = (step.role, seconds(elapsed));
    let pods = match (side, looked) {
        (Side::Gateway, 1) => "gateway pod",
        (Side::Gateway, _) => "gateway pods",
        (Side::Clients, 1) => "client pod",
        (Side::Clients, _) => "client pods",
    };
    let others = match total.saturating_sub(looked) {
        0 => String::new(),
        1 => " (1 other not read)".to_owned(),
        others => format!(" ({others} others not read)"),
    };
    Some(match shows {
        _ if looked == 0 => format!("{role} not checked: there are no {pods}"),
        Shows::Gone => format!("{role} gone from {live}/{looked} {pods}{others}, {elapsed}"),
        Shows::Live => format!("{role} live in {live}/{looked} {pods}{others}, {elapsed}"),
    })
}

/// The document `EgressResultList`.
///
/// # Errors
/// [`RenderError::Json`] when an outcome cannot be written.
pub fn document(outcomes: &[HostOutcome], dry_run: DryRun) -> Result<Value, RenderError> {
    let items = serde_json::to_value(outcomes)?;
    Ok(json!({ "apiVersion": API_VERSION, "kind": "EgressResultList", "dryRun": dry_run, "items": items }))
}

impl fmt::Display for OutcomeVerb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            OutcomeVerb::ServersideApplied => "serverside-applied",
            OutcomeVerb::Deleted => "deleted",
            OutcomeVerb::Unchanged => "unchanged",
            OutcomeVerb::NotReached => "not reached",
            OutcomeVerb::Unknown => "unknown",
        })
    }
}

impl fmt::Display for Proven {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Proven::Full => "full",
            Proven::Partial => "partial",
            Proven::GatewayOnly => "gateway only",
            Proven::ClientsOnly => "clients only",
            Proven::None => "none",
        })
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn side_word<S: Serializer>(side: &Side, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match side {
        Side::Gateway => "gateway",
        Side::Clients => "clients",
    })
}

fn as_seconds<S: Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    // To a millisecond: what is measured is not known better.
    let milliseconds = u32::try_from(elapsed.as_millis()).unwrap_or(u32::MAX);
    serializer.serialize_f64(f64::from(milliseconds) / 1000.0)
}
