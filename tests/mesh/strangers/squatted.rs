//! The name of an upstream is taken by another namespace before the egress is made.
//!
//! The squatter's address is told apart by its ports: it sends what it gets to 8080 and 8443 of the origin.

use anyhow::ensure;

use super::super::harness::{LIMIT, Mesh, SHOP, eventually};

const HTTP: &str = "http://edition.cnn.com/";
const HTTPS: &str = "https://edition.cnn.com/";

/// An entry of `billing` with the name that the upstream entry of `shop` will have.
const SQUATTER: &str = "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: squat, namespace: billing}
spec:
  hosts: [edition.cnn.com.shop.egress.internal]
  exportTo: [istio-system]
  location: MESH_EXTERNAL
  resolution: STATIC
  endpoints: [{address: 198.51.100.10, ports: {http: 8080, tls: 8443}}]
  ports: [{number: 80, name: http, protocol: HTTP}, {number: 443, name: tls, protocol: TLS}]
";

/// With kubectl in the place of the plugin every call of `shop` arrives where `billing` wants it.
pub(super) fn control(mesh: &Mesh) -> anyhow::Result<()> {
    let objects = mesh.done(&["add", "edition.cnn.com", "-n", "shop", "--dry-run=client", "-o", "yaml"])?;
    mesh.apply(SQUATTER)?;
    mesh.apply(&objects.stdout)?;
    for (url, port) in [(HTTP, 8080), (HTTPS, 8443)] {
        eventually("the squatter to get the call", LIMIT, || {
            let request = mesh.expect_via_gateway(SHOP, url)?;
            ensure!(request.port == port, "it arrived at port {}", request.port);
            Ok(())
        })?;
    }
    Ok(())
}
