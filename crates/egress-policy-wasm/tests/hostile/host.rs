//! The host of the cases: an engine that compiles in another process, and what it says of a module, as text.
//!
//! Directives of a case: `ask` is `decide` (if not given), `check-settings`, `name-objects` or `pin-gateway`; `fuel` in
//! millions and `wall` in milliseconds change the limits. The usual limits here are such that fuel ends first, however
//! busy the machine is.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egress_policy::answer::EvaluationError;
use egress_policy::report::Status;
use egress_policy::request::{Destination, Node, Request, Slot};
use egress_policy::{Policy, Reply};
use egress_policy_wasm::{Compiler, Engine, Limits, Module};
use serde::Serialize;
use serde_json::Value;

use crate::deciding;

/// The argument that makes this program the one that compiles.
pub(crate) const COMPILE: &str = "compile-policy";
/// Texts longer than this are told by their length.
const LONG: usize = 200;

/// What a case came to.
pub(crate) struct Outcome {
    /// What the host said.
    pub(crate) text: String,
    /// How long the longest call took.
    pub(crate) longest: Duration,
}

/// Makes native code of what comes from stdin.
pub(crate) fn compile() -> ExitCode {
    match egress_policy_wasm::compile::serve(std::io::stdin().lock()) {
        Ok(code) => {
            let written = std::io::stdout().lock().write_all(&code);
            if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            let said = writeln!(std::io::stderr().lock(), "error: {error}");
            said.map_or(ExitCode::FAILURE, |()| ExitCode::from(1))
        }
    }
}

/// The limits of a case.
pub(crate) fn limits(fuel: Option<&str>, wall: Option<&str>) -> Limits {
    let number = |text: &str| text.parse::<u64>().expect("a number");
    Limits {
        fuel: fuel.map_or(200_000_000, |millions| number(millions).saturating_mul(1_000_000)),
        wall: wall.map_or(Duration::from_mins(1), |milliseconds| Duration::from_millis(number(milliseconds))),
        ..Limits::default()
    }
}

/// An engine as the plugin has it, without a cache.
pub(crate) fn engine(limits: Limits) -> Engine {
    let program = std::env::current_exe().expect("this program is a file");
    Engine::new(limits, Compiler::child(program, vec![COMPILE.into()]), None).expect("an engine")
}

/// Loads a module and asks it twice.
pub(crate) fn ask(engine: &Engine, bytes: &[u8], question: &str) -> Outcome {
    let module = match engine.load(bytes) {
        Ok(module) => Arc::new(module),
        Err(error) => return Outcome { text: format!("not loaded: {error}\n"), longest: Duration::ZERO },
    };
    let started = Instant::now();
    let first = asked(&module, question);
    let between = Instant::now();
    let second = asked(&module, question);
    assert_eq!(first, second, "two runs differ");
    let longest = (between - started).max(between.elapsed());
    let mut text = first;
    if let Some((decided, status)) = deciding::decided(&module, question) {
        let refused = text.starts_with("refused");
        assert!(!refused || status == Status::Undecided, "refused, and then {status:?}");
        text = format!("{text}{decided}\n");
    }
    Outcome { text, longest }
}

fn asked(module: &Module, question: &str) -> String {
    match question {
        "decide" => told(&module.decide(&request())),
        "check-settings" => told(&module.check_settings("{}")),
        "name-objects" => told(&module.name_objects(&request(), &slots())),
        "pin-gateway" => told(&module.pin_gateway(&request())),
        other => panic!("nobody can ask `{other}`"),
    }
}

/// A reply as text. Fuel is compared between two runs and not written down: a newer engine may count otherwise.
fn told<T: Serialize>(reply: &Reply<T>) -> String {
    let mut text = match &reply.result {
        Ok(answer) => {
            let mut answer = serde_json::to_value(answer).expect("answers are data");
            shorten(&mut answer);
            format!("answered: {}\n", serde_json::to_string_pretty(&answer).expect("answers are data"))
        }
        Err(fault) => format!("refused: {fault}\n"),
    };
    // How far a call gets in some time is another matter each time.
    let timed = matches!(&reply.result, Err(EvaluationError::Limit(limit)) if limit.ends_with("ms"));
    for line in reply.log.iter().filter(|line| !(timed && line.starts_with('('))) {
        writeln!(text, "log: {}", shortened(line)).expect("text takes any line");
    }
    text
}

fn shorten(value: &mut Value) {
    match value {
        Value::String(text) => *text = shortened(text),
        Value::Array(values) => values.iter_mut().for_each(shorten),
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => (),
    }
}

fn shortened(text: &str) -> String {
    if text.len() <= LONG { text.to_owned() } else { format!("({} bytes)", text.len()) }
}

/// What every case is asked.
pub(crate) fn request() -> Request {
    let destination = |host: &str, port, protocol: &str, route: &str| Destination {
        host: host.to_owned(),
        port,
        protocol: protocol.to_owned(),
        route: route.to_owned(),
    };
    let node = |name: &str| Node { name: name.to_owned(), ready: true, schedulable: true, ..Node::default() };
    Request {
        verb: "add".to_owned(),
        destinations: vec![
            destination("edition.example.org", 80, "HTTP", "mtls"),
            destination("edition.example.org", 443, "TLS", "passthrough"),
        ],
        namespace: "shop".to_owned(),
        layout: "shared".to_owned(),
        cluster: "test".to_owned(),
        settings: "{}".to_owned(),
        nodes: std::sync::Arc::new(vec![node("infra-1"), node("app-1")]),
        ..Request::default()
    }
}

pub(crate) fn slots() -> Vec<Slot> {
    let slot = |id, kind: &str, role: &str| Slot {
        id,
        kind: kind.to_owned(),
        role: role.to_owned(),
        host: Some("edition.example.org".to_owned()),
        namespace: "shop".to_owned(),
        default_name: "edition-example-org".to_owned(),
        max_length: 63,
    };
    vec![slot(0, "ServiceEntry", "upstream"), slot(1, "VirtualService", "mesh-leg")]
}
