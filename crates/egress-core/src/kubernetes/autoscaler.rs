//! Autoscalers.

use serde::{Deserialize, Serialize};

use super::null::or_default;

/// How many pods a workload has at least.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HorizontalPodAutoscalerSpec {
    /// The fewest; 1 without it.
    pub min_replicas: Option<i32>,
    /// The workload.
    #[serde(deserialize_with = "or_default")]
    pub scale_target_ref: CrossVersionObjectReference,
}

/// A workload by its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CrossVersionObjectReference {
    /// Its kind.
    #[serde(deserialize_with = "or_default")]
    pub kind: String,
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
}
