//! Limits that no hostile module shows: of what goes in, of several calls at once, and of fuel as it is counted.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

#[path = "guest/guest.rs"]
mod guest;

use std::thread;
use std::time::Duration;

use egress_policy::Policy;
use egress_policy::answer::{Decision, EvaluationError, PinAnswer};
use egress_policy::descriptor::{Hook, Need};
use egress_policy::request::{Destination, Node, Request};
use egress_policy_wasm::{Compiler, Engine, Limits, Module};

fn load(limits: Limits, text: &str) -> Module {
    let module = guest::Guest::new(text).component().expect("a component");
    let engine = Engine::new(limits, Compiler::in_process(), None).expect("an engine");
    engine.load(&module).expect("a module")
}

fn request(destinations: usize, nodes: usize) -> Request {
    let node = |number| Node {
        name: format!("node-{number}"),
        labels: (0..20).map(|label| (format!("example.com/label-{label}"), "a value".to_owned())).collect(),
        ..Node::default()
    };
    let destination = |number| Destination {
        host: format!("h{number}.example.org"),
        port: 443,
        protocol: "TLS".to_owned(),
        route: "passthrough".to_owned(),
    };
    Request {
        destinations: (0..destinations).map(destination).collect(),
        nodes: std::sync::Arc::new((0..nodes).map(node).collect()),
        ..Request::default()
    }
}

#[test]
fn a_large_cluster_fits_and_a_larger_one_is_refused() {
    let module = load(Limits::default(), "");
    assert!(module.decide(&request(2, 5_000)).result.is_ok());
    let fault = module.decide(&request(2, 5_001)).result.expect_err("too many nodes");
    assert_eq!(
        fault.to_string(),
        "it was stopped at the limit of 5,000 nodes in one request: there are 5,001"
    );
}

#[test]
fn ten_thousand_destinations_fit() {
    let module = load(Limits::default(), "");
    let verdict = module.decide(&request(10_000, 0)).result.expect("a verdict");
    assert_eq!(verdict.rulings[0].decision, Decision::Deny);
}

#[test]
fn what_one_call_takes_another_does_not_miss() {
    let limits = Limits { fuel: u64::MAX, wall: Duration::from_millis(300), ..Limits::default() };
    let text = "(func $decide (param $request i32) (result i32)
        ;; The namespace of a request is its fifth word: without one, this never ends.
        (if (i32.eqz (i32.load offset=20 (local.get $request))) (then (loop $again (br $again))))
        (call $answer (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))";
    let module = load(limits, text);
    let (endless, short) = (request(1, 0), Request { namespace: "shop".to_owned(), ..request(1, 0) });
    thread::scope(|scope| {
        let stopped = scope.spawn(|| module.decide(&endless).result.expect_err("never ends"));
        while !stopped.is_finished() {
            assert!(module.decide(&short).result.is_ok(), "stopped in place of another");
        }
        let fault = stopped.join().expect("no panic");
        assert_eq!(fault, EvaluationError::Limit("300 ms".to_owned()));
    });
}

#[test]
fn fuel_is_counted_and_is_the_same_each_time() {
    let module = load(Limits::default(), "");
    let fuel = |request: &Request| module.decide(request).fuel.expect("fuel is counted");
    assert_eq!(fuel(&request(2, 3)), fuel(&request(2, 3)));
    assert!(fuel(&request(2, 3)) > 100);
}

#[test]
fn only_what_is_exported_is_answered() {
    let module = load(Limits::default(), ";;! world: export meta; export pinning;");
    assert_eq!(module.hooks().iter().copied().collect::<Vec<_>>(), [Hook::Pinning]);
    assert_eq!(module.descriptor().needs, [Need::Nodes]);
    assert_eq!(module.pin_gateway(&request(1, 1)).result.expect("a pin").answer, PinAnswer::Abstain);
    let fault = module.decide(&request(1, 1)).result.expect_err("it has no hosts");
    assert_eq!(fault.to_string(), "it failed: it does not answer hosts");
    assert_eq!(module.inspection().api, ["meta@0.1", "pinning@0.1"]);
    assert_eq!(module.inspection().imports, Vec::<String>::new());
}

#[test]
fn the_outside_of_a_module_is_read_without_an_engine() {
    let text = ";;! world: import log; export meta; export hosts; export naming; export pinning;
        (import \"kubectl-egress:policy/log@0.1.0\" \"log\" (func (param i32 i32 i32)))";
    let module = guest::Guest::new(text).component().expect("a component");
    let inspection = egress_policy_wasm::inspect(&module, &Limits::default()).expect("a policy");
    assert_eq!(inspection.api, ["hosts@0.1", "meta@0.1", "naming@0.1", "pinning@0.1"]);
    assert_eq!(inspection.imports, ["log@0.1"]);
    assert_eq!(inspection.size, module.len() as u64);
    assert_eq!(inspection.hooks.len(), 3);
    assert!(egress_core::digest::is_digest(&inspection.digest));
}
