//! Servers that are slow or endless. Those that are after a login are in `thieves`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use egress_policy_wasm::oci::RegistryError;

use crate::fake_registry::{FakeRegistry, respond};
use crate::fetching::{locked, module};
use crate::looking_up::look_up;

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_registry_that_says_nothing_is_given_up", silent),
    ("a_registry_that_stops_in_the_middle_is_given_up", stalling),
    ("an_endless_module_is_cut_off", endless_module),
    ("an_endless_manifest_is_cut_off", endless_manifest),
    ("an_endless_refusal_is_not_read", endless_refusal),
    ("a_redirection_in_a_circle_is_left", circle),
];

/// Waiting is bounded by seconds, and a slow machine has its own.
const BOUND: Duration = Duration::from_secs(30);

fn source(registry: &FakeRegistry) -> String {
    format!("oci://{}/acme/hosts:1", registry.name())
}

/// Does not answer, until the other side has gone.
fn wait_for_the_end(mut stream: &TcpStream) {
    let mut byte = [0];
    while stream.read(&mut byte).is_ok_and(|read| read > 0) {}
}

fn silent() {
    let registry = FakeRegistry::start(|_, _, stream| wait_for_the_end(stream));
    let start = Instant::now();
    locked(&source(&registry), &module())
        .add_trusting()
        .refuses(9, &["did not answer within 5 s", "try again"]);
    assert!(start.elapsed() < BOUND);
}

fn stalling() {
    let registry = FakeRegistry::start(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
        wait_for_the_end(stream);
    });
    let start = Instant::now();
    locked(&source(&registry), &module()).add_trusting().refuses(9, &["did not answer within 5 s"]);
    assert!(start.elapsed() < BOUND);
}

/// An answer without an end.
fn endless(status: &'static str) -> FakeRegistry {
    FakeRegistry::start(move |_, _, stream| {
        let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n");
        let mut written = stream.write_all(head.as_bytes());
        while written.is_ok() {
            written = stream.write_all(&[b' '; 1 << 14]);
        }
    })
}

fn endless_module() {
    let registry = endless("200 OK");
    locked(&source(&registry), &module()).add_trusting().refuses(9, &["sent more than 32 MiB"]);
}

fn endless_manifest() {
    let error = look_up(&source(&endless("200 OK"))).unwrap_err();
    assert!(matches!(error, RegistryError::TooBig { .. }), "{error}");
}

fn endless_refusal() {
    let registry = endless("500 Internal Server Error");
    locked(&source(&registry), &module()).add_trusting().refuses(9, &["answered with the status 500"]);
}

fn circle() {
    let registry = FakeRegistry::start(|path, _, stream| {
        respond(stream, "307 Temporary Redirect", &format!("Location: {path}\r\n"), b"");
    });
    locked(&source(&registry), &module()).add_trusting().refuses(9, &["too many redirects"]);
}
