//! Pods.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelectorRequirement;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::null::or_default;

/// What a pod runs, and where.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodSpec {
    /// Its containers.
    #[serde(deserialize_with = "or_default")]
    pub containers: Vec<Container>,
    /// Those that start before.
    pub init_containers: Option<Vec<Container>>,
    /// Its node.
    pub node_name: Option<String>,
    /// Whether it is in its node's network.
    pub host_network: Option<bool>,
    /// Whom it acts as.
    pub service_account_name: Option<String>,
    /// The user and group of its containers that set none.
    pub security_context: Option<SecurityContext>,
    /// What its containers mount.
    pub volumes: Option<Vec<Volume>>,
    /// The labels that its node must have.
    pub node_selector: Option<BTreeMap<String, String>>,
    /// What else its node must be.
    pub affinity: Option<Affinity>,
}

/// Which nodes a pod may run on.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Affinity {
    /// By the nodes themselves.
    pub node_affinity: Option<NodeAffinity>,
}

/// Which nodes a pod may run on, by the nodes themselves.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NodeAffinity {
    /// Without which it is not scheduled.
    pub required_during_scheduling_ignored_during_execution: Option<NodeSelector>,
}

/// Nodes: one of the terms is met.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NodeSelector {
    /// The terms.
    #[serde(deserialize_with = "or_default")]
    pub node_selector_terms: Vec<NodeSelectorTerm>,
}

/// Nodes: all of it is met.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NodeSelectorTerm {
    /// By labels.
    pub match_expressions: Option<Vec<LabelSelectorRequirement>>,
    /// By fields, of which there is one: the name.
    pub match_fields: Option<Vec<LabelSelectorRequirement>>,
}

/// A container of a pod.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Container {
    /// Its name, of its pod.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Its image.
    pub image: Option<String>,
    /// The program, with its first arguments.
    pub command: Option<Vec<String>>,
    /// The arguments of the program.
    pub args: Option<Vec<String>>,
    /// Its environment.
    pub env: Option<Vec<EnvVar>>,
    /// Objects whose entries are variables of it, too.
    pub env_from: Option<Vec<IgnoredAny>>,
    /// The ports that it names.
    pub ports: Option<Vec<ContainerPort>>,
    /// Its user and group.
    pub security_context: Option<SecurityContext>,
    /// Which volumes are where.
    pub volume_mounts: Option<Vec<VolumeMount>>,
}

/// A variable of the environment.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EnvVar {
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Its value, if it is written here.
    pub value: Option<String>,
    /// Whether it is taken from another object.
    pub value_from: Option<IgnoredAny>,
}

/// A port that a container names.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ContainerPort {
    /// Its name.
    pub name: Option<String>,
    /// Its number.
    #[serde(deserialize_with = "or_default")]
    pub container_port: i32,
}

/// Whom processes run as.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SecurityContext {
    /// The user.
    pub run_as_user: Option<i64>,
    /// The group.
    pub run_as_group: Option<i64>,
}

/// A volume of a pod.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Volume {
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// The ConfigMap that fills it.
    pub config_map: Option<ConfigMapVolumeSource>,
}

/// The ConfigMap of a volume.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ConfigMapVolumeSource {
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
}

/// Where a volume is mounted.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct VolumeMount {
    /// The volume.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// The folder.
    #[serde(deserialize_with = "or_default")]
    pub mount_path: String,
}

/// What a pod is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodStatus {
    /// How far it is: `Pending`, `Running`, `Succeeded`, `Failed`.
    pub phase: Option<String>,
    /// What holds of it.
    pub conditions: Option<Vec<Condition>>,
    /// Its first address.
    #[serde(rename = "podIP")]
    pub pod_ip: Option<String>,
    /// All of them.
    #[serde(rename = "podIPs")]
    pub pod_ips: Option<Vec<PodIp>>,
}

/// An address of a pod.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodIp {
    /// The address.
    #[serde(deserialize_with = "or_default")]
    pub ip: String,
}

/// What holds of a pod or a node.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Condition {
    /// What it says, such as `Ready`.
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub type_: String,
    /// Whether it holds: `True`, `False`, `Unknown`.
    #[serde(deserialize_with = "or_default")]
    pub status: String,
    /// Why, for people.
    pub message: Option<String>,
}
