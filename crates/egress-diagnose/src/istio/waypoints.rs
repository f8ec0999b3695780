//! Which waypoint an object uses.
//!
//! Knows the labels. Whether the waypoint is there is decided elsewhere.

use std::collections::BTreeMap;

use egress_core::resource::Resource;

/// The label of a namespace or an object that names its waypoint.
pub(crate) const USE: &str = "istio.io/use-waypoint";
/// The label that names the waypoint's namespace, where that is another one.
const NAMESPACE: &str = "istio.io/use-waypoint-namespace";

/// The namespace and name of the waypoint of an object: by its own label, else by that of its namespace. `none` is no
/// waypoint. `getGatewayOrGatewayNamespaceFor` in `pilot/pkg/serviceregistry/ambient/waypoints.go`.
pub(crate) fn waypoint_of<'a>(
    resource: &'a Resource,
    namespace: Option<&'a BTreeMap<String, String>>,
) -> Option<(&'a str, &'a str)> {
    let own = resource.labels.contains_key(USE);
    let label = |key| if own { resource.labels.get(key) } else { namespace?.get(key) };
    let name = label(USE).filter(|name| *name != "none")?;
    Some((label(NAMESPACE).unwrap_or(&resource.id.namespace), name))
}
