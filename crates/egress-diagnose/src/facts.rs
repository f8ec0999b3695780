//! What is known of a cluster: its objects, its Envoys, and what could not be read.
//!
//! Knows how facts are collected from objects and texts, and how they are looked up. Knows nothing of egress paths.

mod api_gateways;
pub(crate) mod assumed_pods;
mod by_mesh;
mod changed;
mod clients;
mod cluster_facts;
pub mod collect;
pub mod credentials;
mod fleet;
pub(crate) mod names;
mod overlay;
mod pod_name;
mod request;
pub mod source;

pub(crate) use self::by_mesh::by_mesh;
pub(crate) use self::changed::Changed;
pub(crate) use self::clients::{client_of, clients, is_gateway_pod};
pub use self::cluster_facts::{ClusterFacts, Demands, PolicyRefusal, Rights};
pub use self::fleet::{EgressOptions, OtherCluster, OtherEgress};
pub use self::pod_name::PodName;
pub use self::request::Request;
