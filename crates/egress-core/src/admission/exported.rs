//! What can be wrong with the exported rules of the organisation in a cluster: the policy of the API server and its binding.
//!
//! Knows the flaws and their names. How they are found, and what is exported, is in `egress-policy`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of the policy and of its binding.
pub const NAME: &str = "kubectl-egress-rules";

/// What is wrong with an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flaw {
    /// There is a binding and no policy.
    Missing,
    /// There is a policy and no binding.
    Unbound,
    /// The binding names another policy, or leaves requests out.
    BindingEdited,
    /// The policy was changed by hand.
    Edited,
    /// The policy says what an older configuration, or an older program, said.
    Old,
    /// The configuration has no rules for it any more.
    Obsolete,
    /// Writers are only warned.
    Warns,
}

impl Flaw {
    /// Whether requests that the configuration refuses are let through without a word, or others refused.
    pub fn is_grave(self) -> bool {
        self != Flaw::Warns
    }
}

/// One sentence without a full stop.
impl fmt::Display for Flaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (policy, binding) = ("validatingadmissionpolicy", "validatingadmissionpolicybinding");
        match self {
            Flaw::Missing => {
                write!(formatter, "{policy}/{NAME} does not exist, so its binding admits everything")
            }
            Flaw::Unbound => write!(formatter, "{policy}/{NAME} has no binding, so it checks nothing"),
            Flaw::BindingEdited => {
                write!(formatter, "{binding}/{NAME} was changed by hand: it does not apply the whole policy")
            }
            Flaw::Edited => {
                write!(formatter, "{policy}/{NAME} was changed by hand: it differs from the export")
            }
            Flaw::Old => {
                write!(formatter, "{policy}/{NAME} is older than the cluster's policy configuration")
            }
            Flaw::Obsolete => write!(
                formatter,
                "{policy}/{NAME} exists, but the cluster's policy configuration has no host rules for it"
            ),
            Flaw::Warns => write!(formatter, "{binding}/{NAME} only warns: no request is refused"),
        }
    }
}
