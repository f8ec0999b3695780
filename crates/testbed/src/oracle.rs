//! What istiod would send for given objects, and what the Envoys would do with a call: without a cluster, in a second.
//!
//! [`Oracle`] runs istiod's own code as a program; [`follow`] reads its answer as Envoy does. Knows nothing of what this
//! repository believes about Istio, so that both can be compared.

mod addresses;
mod endpoint_slices;
mod envoy;
mod follow;
mod process;
mod protocol;
mod surroundings;
#[cfg(test)]
mod tests;

pub use self::{
    addresses::{AddressedService, AddressedWorkload, MeshAddress},
    endpoint_slices::missing_endpoint_slices,
    follow::follow,
    process::{IstiodPanic, Oracle},
    protocol::{AskedProxy, OracleAnswer, OracleRequest, ProxyConfiguration, ProxyKind, RejectedObject},
    surroundings::Surroundings,
};

/// Builds the program ahead of its first use.
///
/// # Errors
/// Go could not build it.
pub fn prepare() -> anyhow::Result<()> {
    crate::bed::oracle().map(drop)
}
