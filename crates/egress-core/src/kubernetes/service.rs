//! Services.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde::Deserialize;

use super::null::or_default;

/// What a Service leads to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServiceSpec {
    /// The labels of its pods.
    pub selector: Option<BTreeMap<String, String>>,
    /// Its ports.
    pub ports: Option<Vec<ServicePort>>,
    /// The name that it stands for.
    pub external_name: Option<String>,
    /// Its own address; `None` as a text for a Service whose name leads to the pods.
    #[serde(rename = "clusterIP")]
    pub cluster_ip: Option<String>,
    /// All of its own addresses: one for each family.
    #[serde(rename = "clusterIPs")]
    pub cluster_ips: Option<Vec<String>>,
}

/// A port of a Service.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServicePort {
    /// Its name.
    pub name: Option<String>,
    /// Its number.
    #[serde(deserialize_with = "or_default")]
    pub port: i32,
    /// The port of the pods, by number or name.
    pub target_port: Option<IntOrString>,
    /// What is spoken on it.
    pub app_protocol: Option<String>,
    /// `UDP`, `SCTP`, or else TCP.
    pub protocol: Option<String>,
}
