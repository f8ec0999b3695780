//! The built-in `rules` of the cluster's layer as a policy of the API server, so that kubectl and GitOps obey the same list.
//!
//! Judged is where an object leads, not what it is called: hosts, endpoints, addresses, and what opens every destination at
//! once. Every namespace that may call by an object counts as a caller. What cannot be judged is refused. What CEL cannot
//! say is told as [`LeftOut`], with whether the policy is weaker or stronger for it: nothing is left out silently.
//!
//! Knows one configuration. Knows nothing of other layers: they only ever add denials, which are theirs to tell.

mod expressions;
mod keys;
mod layer;
mod left_out;
mod remembered;
mod source;
mod standing;
mod twin;

pub use self::layer::ExportedLayer;
pub use self::left_out::{LeftOut, OmissionEffect};
pub use self::source::{EXCUSE, ExportError, ExportSource};
pub use self::standing::flaws;
pub use self::twin::ObjectVerdict;

use self::source::LARGEST;
use egress_core::admission::AdmissionPolicy;

/// The kinds that are judged.
pub const JUDGED: [&str; 5] = ["ServiceEntry", "WorkloadEntry", "DestinationRule", "Sidecar", "EnvoyFilter"];

/// What an export comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The policy; `None`: the configuration refuses no host that CEL can name.
    pub policy: Option<AdmissionPolicy>,
    /// What it does not say.
    pub left_out: Vec<LeftOut>,
}

/// Makes the policy.
///
/// # Errors
/// [`ExportError`] where settings are wrong, or the lists too long to be stored.
pub fn export(source: &ExportSource<'_>) -> Result<Export, ExportError> {
    let layer = ExportedLayer::read(source)?;
    let left_out = left_out::of(source, &layer);
    if !layer.refuses_anything() {
        return Ok(Export { policy: None, left_out });
    }
    let policy = expressions::policy(&layer);
    let bytes = policy.variables.iter().map(|clause| clause.expression.len()).sum();
    if bytes > LARGEST {
        return Err(ExportError::TooLarge(bytes));
    }
    Ok(Export { policy: Some(policy), left_out })
}

impl Export {
    /// Whether the policy says less or other than the configuration.
    pub fn is_partial(&self) -> bool {
        self.left_out.iter().any(|left_out| left_out.effect != OmissionEffect::None)
    }
}
