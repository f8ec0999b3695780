//! What runs pods.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use super::{PodSpec, or_default};

/// How many pods, and which.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WorkloadSpec {
    /// How many.
    pub replicas: Option<i32>,
    /// What each pod is made of.
    #[serde(deserialize_with = "or_default")]
    pub template: PodTemplateSpec,
}

/// What pods are made of.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodTemplateSpec {
    /// Their labels and annotations.
    pub metadata: Option<ObjectMeta>,
    /// What they run.
    pub spec: Option<PodSpec>,
}
