//! Objects that say they are ours and are not: closes the kinds "whoever sets our label is invisible" and "annotations are
//! believed, not specs".

use egress_core::inventory::state::State;
use egress_core::inventory::{egresses, impostors, rows};
use egress_core::metadata::{HOST, MANAGED_BY, ROLE};
use egress_core::resource::{Resource, Spec};
use egress_core::role::Role;

use crate::fixture::{documented, objects, request, snapshot, stored};

const WITH_OUR_LABEL: &str = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: x, namespace: evil, uid: v, labels: {app.kubernetes.io/managed-by: kubectl-egress}}
spec:
  hosts: [x.ngrok.io]
  gateways: [mesh]
  tls:
  - match: [{port: 443, sniHosts: [x.ngrok.io]}]
    route: [{destination: {host: istio-egressgateway.istio-system.svc.cluster.local, port: {number: 443}}}]
";

/// The objects of a request, all with another host in their specs.
fn lying(mut found: Vec<Resource>) -> Vec<Resource> {
    for object in &mut found {
        let text = serde_json::to_string(&object.spec).unwrap().replace("edition.cnn.com", "x.ngrok.io");
        object.spec = serde_json::from_str(&text).unwrap();
    }
    found
}

#[test]
fn our_label_alone_makes_no_object_ours() {
    let cluster = snapshot(&objects(WITH_OUR_LABEL));
    let listed = rows(&cluster);
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].host.as_str(), &listed[0].state), ("x.ngrok.io", &State::Foreign));
    assert!(listed[0].why.as_ref().unwrap().contains("it has no record"), "{listed:?}");
    assert_eq!(impostors(&cluster).len(), 1);
}

#[test]
fn a_record_that_names_another_host_than_the_specs_is_none() {
    for record in [request("edition.cnn.com"), documented("edition.cnn.com")] {
        let found = lying(stored(&record));
        let cluster = snapshot(&found);
        let (lying, rest): (Vec<_>, Vec<_>) =
            rows(&cluster).into_iter().partition(|row| row.host.as_str() == "x.ngrok.io");
        assert_eq!(lying.len(), 1, "{lying:?}");
        assert_eq!(lying[0].state, State::Foreign);
        assert!(lying[0].why.as_ref().unwrap().contains("its annotation names edition.cnn.com"));
        // A DestinationRule of the gateway's Service names no host: it opens nothing, and nothing is ready by it.
        assert!(rest.iter().all(|row| matches!(row.state, State::Incomplete { .. })), "{rest:?}");
    }
}

#[test]
fn every_object_that_opens_something_else_is_somebody_elses() {
    let change = |role: Role, from: &str, to: &str| {
        let mut found = stored(&request("edition.cnn.com"));
        let object =
            found.iter_mut().find(|it| it.annotations.get(ROLE).map(String::as_str) == Some(role.word()));
        let object = object.unwrap();
        let text = serde_json::to_string(&object.spec).unwrap();
        assert!(text.contains(from), "{text}");
        object.spec = serde_json::from_str(&text.replace(from, to)).unwrap();
        let name = object.id.name.clone();
        let cluster = snapshot(&found);
        let told = impostors(&cluster);
        assert_eq!(told.len(), 1, "{role}: {from} to {to}");
        assert_eq!(told[0].object.name, name);
    };
    change(Role::Upstream, r#""address":"edition.cnn.com""#, r#""address":"x.ngrok.io""#);
    change(Role::Upstream, r#""address":"edition.cnn.com""#, r#""address":"203.0.113.7""#);
    change(
        Role::Upstream,
        r#"[{"address":"edition.cnn.com"}]"#,
        r#"[{"address":"edition.cnn.com"},{"address":"x.ngrok.io"}]"#,
    );
    change(Role::Upstream, r#""hosts":["#, r#""hosts":["x.ngrok.io","#);
    change(Role::Upstream, r#""hosts":["#, r#""workloadSelector":{"labels":{"app":"proxy"}},"hosts":["#);
    change(Role::Client, r#""hosts":["edition.cnn.com"]"#, r#""hosts":["*.ngrok.io"]"#);
    change(Role::Client, r#""hosts":["#, r#""endpoints":[{"address":"x.ngrok.io"}],"hosts":["#);
    change(Role::MeshLeg, r#""sniHosts":["edition.cnn.com"]"#, r#""sniHosts":["*.cnn.com"]"#);
    change(
        Role::MeshLeg,
        r#""host":"istio-egressgateway.istio-system.svc.cluster.local""#,
        r#""host":"x.ngrok.io""#,
    );
    change(Role::GatewayLeg, "edition.cnn.com.shop.egress.internal", "x.ngrok.io");
    change(Role::GatewayLeg, r#"{"headers""#, r#"{"delegate":{"name":"way","namespace":"evil"},"headers""#);
    change(Role::GatewayLeg, r#"{"headers""#, r#"{"mirror":{"host":"x.ngrok.io"},"headers""#);
    change(
        Role::GatewayLeg,
        r#"{"headers""#,
        r#"{"mirrors":[{"destination":{"host":"x.ngrok.io"}}],"headers""#,
    );
}

#[test]
fn a_part_that_is_of_another_kind_is_not_ours() {
    let mut found = stored(&request("edition.cnn.com"));
    let client = objects(
        "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: y, namespace: shop, uid: y}, \
         spec: {hosts: [y.ngrok.io], ports: [{number: 443, name: tls, protocol: TLS}]}}",
    );
    for role in ["gateway", "destination-rule", "shared-gateway", "shared-destination-rule", "mesh-leg"] {
        let mut more = client.clone();
        more[0].labels.insert(MANAGED_BY.into(), "kubectl-egress".to_owned());
        more[0].annotations.insert(ROLE.into(), role.to_owned());
        more[0].annotations.insert(HOST.into(), "edition.cnn.com".to_owned());
        more.append(&mut found.clone());
        assert_eq!(impostors(&snapshot(&more)).len(), 1, "{role}");
    }
    // A second entry of a part that is ours by all signs is no part of what was written.
    let mut twin = found.iter().find(|it| it.id.name == "edition-cnn-com").unwrap().clone();
    twin.id.name = "twin".to_owned();
    found.push(twin);
    let cluster = snapshot(&found);
    assert!(matches!(rows(&cluster)[0].state, State::Changed { .. }));
}

#[test]
fn what_earlier_versions_wrote_and_halves_of_it_stay_ours() {
    for record in
        [request("edition.cnn.com"), documented("edition.cnn.com"), request("edition.cnn.com:8443/TLS")]
    {
        let whole = stored(&record);
        for count in 0..=whole.len() {
            let cluster = snapshot(&whole[..count]);
            assert_eq!(impostors(&cluster), []);
            assert!(egresses(&cluster).iter().all(|egress| egress.layout.is_some()));
        }
        // The gateway's own rules with another match, and its Gateway for this namespace only.
        let mut other = whole.clone();
        for object in &mut other {
            if let Spec::Gateway(spec) = &mut object.spec {
                for server in spec.servers.iter_mut().flatten() {
                    server.hosts = server.hosts.iter().map(|host| format!("./{host}")).collect();
                }
            }
        }
        assert_eq!(impostors(&snapshot(&other)), []);
    }
}
