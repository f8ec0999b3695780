//! The guard judges what this program writes as right, and what strangers write as wrong, by the rule that it breaks.
//!
//! Here its functions are held to the shapes; the mesh tests hold the API server to these functions.

use std::collections::BTreeSet;

use egress_core::admission::guard::{Guard, GuardRule, GuardedGateway};
use egress_core::dialect::Stage;
use egress_core::dialect::{self, Part};
use egress_core::intent::{GatewayTls, Layout};
use egress_core::metadata::Record;
use egress_core::port::Port;
use egress_core::resource::Resource;
use egress_core::snapshot::Snapshot;
use serde_json::{Value, json};

use crate::fixture::{documented, gateway, in_layout, objects, parts, request, snapshot};

fn guard() -> Guard {
    let snapshot = snapshot(&[]);
    Guard {
        gateways: vec![GuardedGateway::of(&gateway(), &snapshot)],
        cluster_domain: snapshot.mesh.cluster_domain,
        endpoint_writers: BTreeSet::new(),
    }
}

fn judged(resource: &Resource) -> Vec<GuardRule> {
    let object = resource.to_json("v1").unwrap();
    guard().judge(resource.id.kind.plural(), &object)
}

/// The rules that the objects of a YAML text break, without repetition.
fn broken(yaml: &str) -> BTreeSet<GuardRule> {
    objects(yaml).iter().flat_map(judged).collect()
}

fn rule(rule: GuardRule) -> BTreeSet<GuardRule> {
    BTreeSet::from([rule])
}

fn accepted(parts: &[Part], of: &Record) {
    for part in parts {
        assert_eq!(
            judged(&part.resource),
            vec![],
            "{} of {}: {:#?}",
            part.role,
            of.intent.host,
            part.resource
        );
    }
}

#[test]
fn what_the_layouts_write_breaks_no_rule() {
    let long = format!("{}.example", vec!["a".repeat(60); 4].join("."));
    let hosts = [
        "edition.cnn.com",
        "edition.cnn.com:443/TLS",
        "edition.cnn.com:8080/HTTP",
        "my-api.example.com:8443/TLS",
        "xn--bcher-kva.example",
        &long,
    ];
    for host in hosts {
        let mut several = request(host);
        several
            .intent
            .ports
            .extend(["8080/HTTP", "8081/HTTP", "80/HTTP"].map(|port| port.parse::<Port>().unwrap()));
        let mut shared = request(host);
        shared.intent.export_to = vec!["*".to_owned()];
        let mut plain = documented(host);
        plain.intent.hop = GatewayTls::Plain;
        for record in
            [request(host), several, shared, documented(host), plain, in_layout(Layout::Endpoints, host)]
        {
            let parts = parts(&record);
            accepted(&parts, &record);
            accepted(&first_stages(&record), &record);
        }
    }
}

/// The objects of a request that are written in stages, as the first stage leaves them.
fn first_stages(record: &Record) -> Vec<Part> {
    let dialect = record.intent.layout.dialect();
    let is_staged = |part: &Part| {
        dialect.phases.iter().any(|phase| phase.role == part.role && phase.stage == Stage::First)
    };
    let mut staged: Vec<Part> = parts(record).into_iter().filter(is_staged).collect();
    for part in &mut staged {
        (dialect.first_stage)(&mut part.resource, "istio-system");
    }
    staged
}

#[test]
fn the_pair_belongs_to_the_namespace_of_the_gateway() {
    let mut pair = parts(&request("edition.cnn.com"));
    pair.truncate(2);
    for part in &mut pair {
        part.resource.id.namespace = "billing".to_owned();
    }
    assert_eq!(judged(&pair[0].resource), [GuardRule::GatewayOwner, GuardRule::Record]);
    assert_eq!(judged(&pair[1].resource), [GuardRule::Record]);
}

/// The kind of attack: an object by which another namespace answers for the upstream of `shop`.
#[test]
fn nobody_answers_for_the_upstream_of_another_namespace() {
    let entry = |host: &str, namespace: &str| {
        format!(
            "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {{name: squat, namespace: {namespace}}}
spec:
  hosts: ['{host}']
  exportTo: [istio-system]
  location: MESH_EXTERNAL
  resolution: DNS
  endpoints: [{{address: edition.cnn.com}}]
  ports: [{{number: 80, name: http, protocol: HTTP}}]
"
        )
    };
    let own = "edition.cnn.com.shop.egress.internal";
    assert_eq!(broken(&entry(own, "shop")), BTreeSet::new());
    for host in [
        own,
        "Edition.CNN.com.SHOP.egress.INTERNAL",
        "edition.cnn.com.shop.egress.internal.",
        "*.shop.egress.internal",
        "*.egress.internal",
        "x.egress.internal",
    ] {
        let both = BTreeSet::from([GuardRule::UpstreamHost, GuardRule::UpstreamShape]);
        assert_eq!(broken(&entry(host, "billing")), both, "{host}");
    }
    // A second host beside one of its own, and its own name with somewhere else behind it.
    let two = entry(own, "billing").replace(&format!("['{own}']"), &format!("[www.example.com, {own}]"));
    assert!(broken(&two).contains(&GuardRule::UpstreamHost));
    for (from, to) in [
        ("address: edition.cnn.com", "address: 198.51.100.66"),
        ("address: edition.cnn.com", "address: phish.attacker.example"),
        ("address: edition.cnn.com", "address: edition.cnn.com, ports: {http: 8080}"),
        ("address: edition.cnn.com", "address: edition.cnn.com, network: other"),
        ("resolution: DNS", "resolution: STATIC"),
        ("resolution: DNS", "resolution: DNS_ROUND_ROBIN"),
        ("exportTo: [istio-system]", "exportTo: ['*']"),
        ("exportTo: [istio-system]", "exportTo: [istio-system, shop]"),
        ("MESH_EXTERNAL", "MESH_INTERNAL"),
        ("protocol: HTTP", "protocol: HTTP, targetPort: 8080"),
        ("protocol: HTTP", "protocol: TCP"),
        ("resolution: DNS", "resolution: DNS\n  subjectAltNames: [x]"),
    ] {
        assert_eq!(broken(&entry(own, "shop").replace(from, to)), rule(GuardRule::UpstreamShape), "{to}");
    }
    for kind in ["VirtualService", "DestinationRule"] {
        let spec = if kind == "VirtualService" {
            format!("hosts: [{own}]\n  http: [{{route: [{{destination: {{host: x.example}}}}]}}]")
        } else {
            format!("host: {own}\n  trafficPolicy: {{tls: {{mode: SIMPLE, sni: x.example}}}}")
        };
        let object = |namespace: &str| {
            format!(
                "apiVersion: networking.istio.io/v1\nkind: {kind}\nmetadata: {{name: x, namespace: {namespace}}}\nspec:\n  {spec}\n"
            )
        };
        assert_eq!(broken(&object("billing")), rule(GuardRule::UpstreamHost));
        assert_eq!(broken(&object("shop")), BTreeSet::new());
    }
}

/// The kind of attack: routes that take a host of another namespace over at the shared Gateway.
#[test]
fn nothing_but_a_gateway_leg_stands_at_the_shared_gateway() {
    let leg = |edit: &dyn Fn(&mut Value)| {
        let part = parts(&request("edition.cnn.com")).remove(3);
        let mut object = part.resource.to_json("v1").unwrap();
        object["metadata"] = json!({"name": "x", "namespace": "shop"});
        edit(&mut object);
        guard().judge("virtualservices", &object)
    };
    assert_eq!(leg(&|_| {}), []);
    let edits: &[&dyn Fn(&mut Value)] = &[
        &|leg| leg["metadata"]["namespace"] = json!("billing"),
        &|leg| leg["metadata"]["annotations"] = json!({"internal.istio.io/route-semantics": "gateway"}),
        &|leg| leg["spec"]["hosts"] = json!(["*.cnn.com"]),
        &|leg| leg["spec"]["hosts"] = json!(["edition.cnn.com", "www.cnn.com"]),
        &|leg| leg["spec"]["exportTo"] = json!(["*"]),
        &|leg| leg["spec"]["gateways"] = json!(["mesh", leg["spec"]["gateways"][0]]),
        &|leg| leg["spec"]["tcp"] = json!([]),
        &|leg| leg["spec"]["http"][0]["match"][0]["uri"] = json!({"prefix": "/login"}),
        &|leg| leg["spec"]["http"][0]["match"][0]["headers"] = json!({"x": {"exact": "y"}}),
        &|leg| leg["spec"]["http"][0]["match"][0]["authority"] = json!({"exact": "edition.cnn.com:81"}),
        &|leg| leg["spec"]["http"][0]["match"][0]["sourceNamespace"] = json!("shop"),
        &|leg| leg["spec"]["http"][0]["match"][0]["method"] = json!({"exact": "GET"}),
        &|leg| leg["spec"]["http"][0]["match"][0]["port"] = json!(443),
        &|leg| leg["spec"]["http"][0]["match"] = json!([]),
        &|leg| leg["spec"]["http"][0]["rewrite"] = json!({"authority": "phish.attacker.example"}),
        &|leg| leg["spec"]["http"][0]["mirror"] = json!({"host": "phish.attacker.example"}),
        &|leg| leg["spec"]["http"][0]["fault"] = json!({"abort": {"httpStatus": 503}}),
        &|leg| leg["spec"]["http"][0]["delegate"] = json!({"name": "x"}),
        &|leg| leg["spec"]["http"][0]["headers"]["request"]["set"] = json!({"x": "y"}),
        &|leg| leg["spec"]["http"][0]["headers"] = json!({}),
        &|leg| leg["spec"]["http"][0]["route"][0]["headers"] = json!({"request": {"set": {"x": "y"}}}),
        &|leg| leg["spec"]["http"][0]["route"][0]["destination"]["host"] = json!("phish.attacker.example"),
        &|leg| leg["spec"]["http"][0]["route"][0]["destination"]["subset"] = json!("x"),
        &|leg| {
            leg["spec"]["http"][0]["route"][0]["destination"]["host"] =
                json!("www.cnn.com.shop.egress.internal");
        },
        &|leg| leg["spec"]["tls"][0]["match"][0]["sniHosts"] = json!(["edition.cnn.com", "www.cnn.com"]),
        &|leg| leg["spec"]["tls"][0]["match"][0]["sourceNamespace"] = json!("shop"),
        &|leg| leg["spec"]["tls"][0]["route"][0]["destination"]["host"] = json!("phish.attacker.example"),
    ];
    for (number, edit) in edits.iter().enumerate() {
        assert_eq!(leg(edit), [GuardRule::GatewayRoute], "edit {number}");
    }
}

/// The kind: every way in which istiod reads the name of a Gateway.
#[test]
fn a_gateway_is_known_by_each_of_its_names() {
    let bound = |namespace: &str, gateway: &str| {
        let object = json!({
            "metadata": {"name": "x", "namespace": namespace},
            "spec": {"hosts": ["edition.cnn.com"], "gateways": [gateway],
                "http": [{"route": [{"destination": {"host": "phish.attacker.example"}}]}]},
        });
        !guard().judge("virtualservices", &object).is_empty()
    };
    let name = "kubectl-egress-istio-egressgateway";
    for gateway in [
        format!("istio-system/{name}"),
        format!("{name}.istio-system"),
        format!("{name}.istio-system.svc.cluster.local"),
    ] {
        assert!(bound("billing", &gateway), "{gateway}");
    }
    assert!(bound("istio-system", name) && bound("istio-system", &format!("./{name}")));
    for other in [name.to_owned(), format!("./{name}"), "mesh".to_owned(), "istio-system/ingress".to_owned()]
    {
        assert!(!bound("billing", &other), "{other}");
    }
}

/// The kind of attack: servers on the pods of the gateway.
#[test]
fn only_its_owner_opens_servers_on_the_pods_of_the_gateway() {
    let gateway = |namespace: &str, selector: &Value, annotations: &Value| {
        let object = json!({
            "metadata": {"name": "x", "namespace": namespace, "annotations": annotations},
            "spec": {"selector": selector, "servers": [{"port": {"number": 80, "name": "http", "protocol": "HTTP"},
                "hosts": ["*.istio-system.svc.cluster.local"]}]},
        });
        guard().judge("gateways", &object)
    };
    let none = json!({});
    for selector in [
        json!({"istio": "egressgateway"}),
        json!({"app": "istio-egressgateway", "istio": "egressgateway"}),
        json!({"istio": "egressgateway", "pod-template-hash": "5d4"}),
        json!({"kubernetes.io/hostname": "infra-1"}),
        json!({"topology.kubernetes.io/zone": "a"}),
        json!({}),
        Value::Null,
    ] {
        assert_eq!(gateway("billing", &selector, &none), [GuardRule::GatewayOwner], "{selector}");
        assert_eq!(gateway("istio-system", &selector, &none), [], "{selector}");
    }
    for selector in [json!({"istio": "ingressgateway"}), json!({"istio": "egressgateway", "team": "b"})] {
        assert_eq!(gateway("billing", &selector, &none), [], "{selector}");
    }
    // istiod believes these of an object that anybody stores, and takes the Gateway for that of another namespace.
    let lent = json!({
        "internal.istio.io/gateway-service": "istio-egressgateway.istio-system.svc.cluster.local",
        "internal.istio.io/parent-namespace": "istio-system",
    });
    assert_eq!(gateway("billing", &json!({"istio": "none"}), &lent), [GuardRule::GatewayOwner]);
}

/// The kind: the label or an annotation on something that this program would not write so.
#[test]
fn the_record_stands_on_what_it_says_only() {
    let claiming = |part: usize, edit: &dyn Fn(&mut Value)| {
        let part = parts(&request("edition.cnn.com")).remove(part);
        let mut object = part.resource.to_json("v1").unwrap();
        edit(&mut object);
        guard().judge(part.resource.id.kind.plural(), &object)
    };
    for part in 2..6 {
        assert_eq!(claiming(part, &|_| {}), []);
        let host = "kubectl-egress.github.io/host";
        assert_eq!(
            claiming(part, &|object| object["metadata"]["annotations"][host] = json!("www.cnn.com")),
            [GuardRule::Record]
        );
        assert_eq!(
            claiming(part, &|object| {
                object["metadata"]["annotations"]["kubectl-egress.github.io/role"] = json!("shared-gateway");
            }),
            [GuardRule::Record]
        );
        assert_eq!(
            claiming(part, &|object| object["metadata"]["annotations"] = json!({})),
            [GuardRule::Record]
        );
    }
    let ports = "kubectl-egress.github.io/ports";
    assert_eq!(
        claiming(2, &|object| object["metadata"]["annotations"][ports] = json!("443/TLS")),
        [GuardRule::Record]
    );
    // What people write on objects of others claims nothing.
    let foreign = json!({
        "metadata": {"name": "x", "namespace": "shop", "annotations": {
            "kubectl-egress.github.io/accept": "EG001", "kubectl-egress.github.io/bypass-guard": "INC-1"}},
        "spec": {"hosts": ["www.example.com"], "resolution": "DNS"},
    });
    assert_eq!(guard().judge("serviceentries", &foreign), []);
}

#[test]
fn endpoints_are_judged_by_whether_they_lead_anywhere() {
    let judge = |object: &Value| guard().judge("endpointslices", object);
    assert_eq!(judge(&json!({"endpoints": [{"addresses": ["192.0.2.1"]}]})), [GuardRule::OutsideEndpoints]);
    assert_eq!(judge(&json!({"endpoints": []})), []);
    assert_eq!(
        guard().judge("endpoints", &json!({"subsets": [{"notReadyAddresses": [{"ip": "192.0.2.1"}]}]})),
        [GuardRule::OutsideEndpoints]
    );
}

/// An expression of Kubernetes may not be longer than 100,000 characters, a message not than 1,024.
#[test]
fn the_policies_are_within_the_limits_of_the_api_server() {
    for policy in guard().policies() {
        for clause in policy.variables.iter().chain(&policy.conditions) {
            assert!(clause.expression.len() < 20_000, "{}: {}", policy.name, clause.name);
        }
        for rule in &policy.validations {
            assert!(rule.message.len() < 1_000 && !rule.message.contains('\n'), "{}", rule.message);
            assert!(rule.message.is_ascii(), "{}", rule.message);
        }
    }
}

/// Each trial has something that must be refused by its rule, and something that must pass, if only what the layouts write.
#[test]
fn every_policy_is_tried_both_ways() {
    for trial in guard().trials("default", "v1") {
        assert!(!trial.refused.is_empty() && !trial.accepted.is_empty(), "{}", trial.of);
        for (object, said) in &trial.refused {
            assert!(said.starts_with("egress guard, rule "), "{}: {object}", trial.of);
        }
        for object in &trial.accepted {
            assert_eq!(guard().judge(&trial.resource, object), [], "{}: {object:#}", trial.of);
        }
    }
}

#[test]
fn a_shared_gateway_that_a_policy_named_is_guarded_too() {
    let mut record = request("edition.cnn.com");
    record.names.choose(&record.intent.clone(), egress_core::role::Role::SharedGateway, "pair-of-egress");
    let cluster: Snapshot = snapshot(
        &dialect::build(&record, &gateway(), &snapshot(&[]).mesh)
            .unwrap()
            .into_iter()
            .map(|part| part.resource)
            .collect::<Vec<_>>(),
    );
    let guarded = GuardedGateway::of(&gateway(), &cluster);
    assert!(guarded.shared.contains("pair-of-egress"), "{:?}", guarded.shared);
}
