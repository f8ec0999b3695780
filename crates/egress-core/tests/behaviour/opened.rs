//! What objects open, by their specs alone: closes the kind "the audit can be walked around".

use std::collections::HashSet;

use egress_core::inventory::objects_of_ready;
use egress_core::opened::unjudged::unjudged;
use egress_core::opened::{Opened, OpeningSources, OutsideWorkload, opened};
use egress_core::related_resources::{GatewayApiObject, Named};
use egress_core::snapshot::{ServiceFacts, ServicePort, Snapshot};

use crate::fixture::{documented, objects, request, snapshot, stored};

fn of(cluster: &Snapshot) -> Opened {
    let egresses = egress_core::inventory::egresses(cluster);
    let known = objects_of_ready(cluster, &egresses);
    opened(&OpeningSources {
        snapshot: cluster,
        gateway_api: &[],
        workloads: &[],
        known: &known,
        namespace: None,
    })
}

/// Hosts with their ports.
fn hosts(opened: &Opened) -> Vec<String> {
    let each = opened
        .iter()
        .flat_map(|((_, host), ports)| ports.iter().map(move |it| format!("{host}:{}", it.port)));
    each.collect()
}

fn entry(spec: &str) -> Vec<String> {
    let text = format!(
        "{{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {{name: x, namespace: evil, uid: x}}, spec: {spec}}}"
    );
    hosts(&of(&snapshot(&objects(&text))))
}

fn routes(spec: &str) -> Vec<String> {
    let text = format!(
        "{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {{name: x, namespace: evil, uid: x}}, spec: {spec}}}"
    );
    hosts(&of(&snapshot(&objects(&text))))
}

#[test]
fn what_we_wrote_opens_nothing_beside_its_record() {
    for record in
        [request("edition.cnn.com"), documented("edition.cnn.com"), request("edition.cnn.com:8443/TLS")]
    {
        assert_eq!(hosts(&of(&snapshot(&stored(&record)))), Vec::<String>::new());
    }
    // Half of it is judged by its specs, and says the same hosts and ports.
    for record in [request("edition.cnn.com:8443/TLS"), documented("edition.cnn.com:8443/TLS")] {
        let mut half = stored(&record);
        half.pop();
        let told = hosts(&of(&snapshot(&half)));
        assert!(!told.is_empty() && told.iter().all(|host| host == "edition.cnn.com:8443"), "{told:?}");
    }
}

#[test]
fn an_entry_opens_its_hosts_and_where_its_endpoints_lead() {
    let ports = "ports: [{number: 443, name: tls, protocol: TLS}]";
    assert_eq!(entry(&format!("{{hosts: [a.ngrok.io], {ports}}}")), ["a.ngrok.io:443"]);
    assert_eq!(entry(&format!("{{hosts: ['*.NGROK.io'], {ports}}}")), ["*.ngrok.io:443"]);
    assert_eq!(entry(&format!("{{hosts: [a.ngrok.io.], {ports}}}")), ["a.ngrok.io:443"]);
    let elsewhere =
        format!("{{hosts: [x.evil.egress.internal], endpoints: [{{address: x.ngrok.io}}], {ports}}}");
    assert_eq!(entry(&elsewhere), ["x.ngrok.io:443"]);
    let inside =
        format!("{{hosts: [reviews.shop.svc.cluster.local], endpoints: [{{address: x.ngrok.io}}], {ports}}}");
    assert_eq!(entry(&inside), ["x.ngrok.io:443"]);
    let other_port =
        format!("{{hosts: [a.io], endpoints: [{{address: 203.0.113.7, ports: {{tls: 22}}}}], {ports}}}");
    assert_eq!(entry(&other_port), ["203.0.113.7:22", "a.io:443"]);
    let target = "{hosts: [a.io], ports: [{number: 443, name: tls, protocol: TLS, targetPort: 22}]}";
    assert_eq!(entry(target), ["a.io:22", "a.io:443"]);
    let address = "{hosts: [a.cluster.local], addresses: [203.0.113.7], resolution: NONE, ports: [{number: 5432, name: tcp, protocol: TCP}]}";
    assert_eq!(entry(address), ["203.0.113.7:5432"]);
    // Plain TCP without an address: calls to every address pass.
    let every = "{hosts: [www.cnn.com], resolution: NONE, ports: [{number: 5432, name: tcp, protocol: TCP}]}";
    assert_eq!(entry(every), ["*:5432", "www.cnn.com:5432"]);
}

#[test]
fn machines_of_the_mesh_are_no_way_out() {
    let internal = "{hosts: [vm.svc.cluster.local], location: MESH_INTERNAL, resolution: STATIC, \
                    endpoints: [{address: 10.0.0.5}], ports: [{number: 80, name: http, protocol: HTTP}]}";
    assert_eq!(entry(internal), Vec::<String>::new());
    let pretending = internal.replace("10.0.0.5", "203.0.113.7");
    assert_eq!(entry(&pretending), ["203.0.113.7:80"]);
    assert_eq!(entry(&internal.replace("10.0.0.5", "169.254.169.254")), ["169.254.169.254:80"]);
}

#[test]
fn routes_to_an_egress_gateway_open_their_hosts() {
    let gateway = "istio-egressgateway.istio-system.svc.cluster.local";
    let tls = format!(
        "{{hosts: ['*.ngrok.io'], gateways: [mesh], tls: [{{match: [{{port: 443, sniHosts: ['*.ngrok.io']}}], \
         route: [{{destination: {{host: {gateway}, port: {{number: 443}}}}}}]}}]}}"
    );
    assert_eq!(routes(&tls), ["*.ngrok.io:443"]);
    let tcp = format!(
        "{{hosts: [db.ngrok.io], tcp: [{{match: [{{port: 5432}}], route: [{{destination: {{host: {gateway}}}}}]}}]}}"
    );
    assert_eq!(routes(&tcp), ["db.ngrok.io:5432"]);
    let mirrored = "{hosts: [reviews], http: [{route: [{destination: {host: reviews}}], mirror: {host: m.ngrok.io, port: {number: 81}}}]}";
    assert_eq!(routes(mirrored), ["m.ngrok.io:81"]);
    let copied = "{hosts: [reviews], http: [{route: [{destination: {host: reviews}}], mirrors: [{destination: {host: m.ngrok.io}}]}]}";
    assert_eq!(routes(copied), ["m.ngrok.io:80"]);
    let unknown = "{hosts: [c.ngrok.io], http: [{delegate: {name: way, namespace: hidden}}]}";
    assert_eq!(routes(unknown), ["c.ngrok.io:80"]);
}

#[test]
fn routes_at_a_gateway_alone_open_their_hosts() {
    let at = "{hosts: [d.ngrok.io], gateways: [istio-system/kubectl-egress-istio-egressgateway], \
              http: [{match: [{port: 80}], route: [{destination: {host: phish.evil.svc.cluster.local, port: {number: 80}}}]}]}";
    assert_eq!(routes(at), ["d.ngrok.io:80"]);
}

#[test]
fn routes_into_the_cluster_open_nothing() {
    let ingress = "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: ingress, namespace: istio-system, uid: g}
spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 443, name: https, protocol: HTTPS}, hosts: ['*']}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop, uid: v}
spec:
  hosts: [shop.example.com]
  gateways: [istio-system/ingress, mesh]
  http: [{route: [{destination: {host: web.shop.svc.cluster.local}}]}]
";
    assert_eq!(hosts(&of(&snapshot(&objects(ingress)))), Vec::<String>::new());
}

#[test]
fn a_delegate_opens_what_its_root_names() {
    let text = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: delegating, namespace: evil, uid: a}
spec: {hosts: [c.ngrok.io], gateways: [mesh], http: [{delegate: {name: way, namespace: evil}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: way, namespace: evil, uid: b}
spec: {http: [{route: [{destination: {host: istio-egressgateway.istio-system.svc.cluster.local, port: {number: 80}}}]}]}
";
    assert_eq!(hosts(&of(&snapshot(&objects(text)))), ["c.ngrok.io:80"]);
}

#[test]
fn tunnels_services_workloads_and_backends_open_hosts() {
    let rule = "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: t, namespace: evil, uid: t}, spec: \
                {host: proxy.evil.svc.cluster.local, trafficPolicy: {tunnel: {targetHost: t.ngrok.io, targetPort: 22}}, \
                subsets: [{name: a, trafficPolicy: {tunnel: {targetHost: u.ngrok.io, targetPort: 443}}}]}}";
    let mut cluster = snapshot(&objects(rule));
    let service = |name: &str, external_name: Option<&str>| ServiceFacts {
        namespace: "evil".to_owned(),
        name: name.to_owned(),
        ports: vec![ServicePort { number: 443, ..ServicePort::default() }],
        external_name: external_name.map(str::to_owned),
        ..ServiceFacts::default()
    };
    cluster.services = vec![
        service("out", Some("e.ngrok.io")),
        service("in", Some("a.b.svc.cluster.local")),
        service("bare", None),
    ];
    let workloads = [OutsideWorkload {
        namespace: "evil".to_owned(),
        name: "vm".to_owned(),
        address: "w.ngrok.io".to_owned(),
        ports: Vec::new(),
    }];
    let route = serde_json::json!({"rules": [{"backendRefs": [
        {"kind": "Hostname", "group": "networking.istio.io", "name": "h.ngrok.io", "port": 80},
        {"kind": "Service", "name": "web", "port": 80}],
        "filters": [{"type": "RequestMirror", "requestMirror": {"backendRef":
            {"kind": "Hostname", "group": "networking.istio.io", "name": "i.ngrok.io", "port": 80}}}]}]});
    let object =
        Named { namespace: "evil".to_owned(), name: "r".to_owned(), spec: route, ..Named::default() };
    let gateway_api = [GatewayApiObject {
        kind: "HTTPRoute".to_owned(),
        api_version: "gateway.networking.k8s.io/v1".to_owned(),
        object,
        status: serde_json::Value::Null,
    }];
    let known = HashSet::new();
    let sources = |namespace| OpeningSources {
        snapshot: &cluster,
        gateway_api: &gateway_api,
        workloads: &workloads,
        known: &known,
        namespace,
    };
    assert_eq!(
        hosts(&opened(&sources(None))),
        [
            "e.ngrok.io:443",
            "h.ngrok.io:80",
            "i.ngrok.io:80",
            "t.ngrok.io:22",
            "u.ngrok.io:443",
            "w.ngrok.io:0"
        ]
    );
    assert_eq!(hosts(&opened(&sources(Some("shop")))), Vec::<String>::new());
    let told = unjudged(&sources(None));
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("service/bare in namespace evil"), "{told:?}");
}
