//! Servers that are slow, endless or after a login.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use egress_policy::oci::RegistryError;

use crate::debian::LOGIN;
use crate::fetching::{locked, module, write_login};
use crate::looking_up::look_up;
use crate::pretender::{Pretender, respond};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_registry_that_says_nothing_is_given_up", silent),
    ("a_registry_that_stops_in_the_middle_is_given_up", stalling),
    ("an_endless_module_is_cut_off", endless_module),
    ("an_endless_manifest_is_cut_off", endless_manifest),
    ("an_endless_refusal_is_not_read", endless_refusal),
    ("a_redirection_in_a_circle_is_left", circle),
    ("a_login_does_not_follow_a_redirection_to_another_server", redirected_login),
    ("a_token_is_asked_for_where_the_registry_says_so", token),
    ("a_login_is_not_sent_where_it_could_be_read_on_the_way", token_elsewhere),
];

/// Waiting is bounded by seconds, and a slow machine has its own.
const BOUND: Duration = Duration::from_secs(30);

fn source(registry: &Pretender) -> String {
    format!("oci://{}/acme/hosts:1", registry.name())
}

/// Does not answer, until the other side has gone.
fn wait_for_the_end(mut stream: &TcpStream) {
    let mut byte = [0];
    while stream.read(&mut byte).is_ok_and(|read| read > 0) {}
}

fn silent() {
    let registry = Pretender::start(|_, _, stream| wait_for_the_end(stream));
    let start = Instant::now();
    locked(&source(&registry), &module()).add(&[]).refuses(9, &["did not answer within 5 s", "try again"]);
    assert!(start.elapsed() < BOUND);
}

fn stalling() {
    let registry = Pretender::start(|_, _, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
        wait_for_the_end(stream);
    });
    let start = Instant::now();
    locked(&source(&registry), &module()).add(&[]).refuses(9, &["did not answer within 5 s"]);
    assert!(start.elapsed() < BOUND);
}

/// An answer without an end.
fn endless(status: &'static str) -> Pretender {
    Pretender::start(move |_, _, stream| {
        let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n");
        let mut written = stream.write_all(head.as_bytes());
        while written.is_ok() {
            written = stream.write_all(&[b' '; 1 << 14]);
        }
    })
}

fn endless_module() {
    let registry = endless("200 OK");
    locked(&source(&registry), &module()).add(&[]).refuses(9, &["sent more than 32 MiB"]);
}

fn endless_manifest() {
    let error = look_up(&source(&endless("200 OK"))).unwrap_err();
    assert!(matches!(error, RegistryError::TooBig { .. }), "{error}");
}

fn endless_refusal() {
    let registry = endless("500 Internal Server Error");
    locked(&source(&registry), &module()).add(&[]).refuses(9, &["answered with the status 500"]);
}

fn circle() {
    let registry = Pretender::start(|path, _, stream| {
        respond(stream, "307 Temporary Redirect", &format!("Location: {path}\r\n"), b"");
    });
    locked(&source(&registry), &module()).add(&[]).refuses(9, &["too many redirects"]);
}

fn redirected_login() {
    let store = Pretender::start(|_, authorization, stream| match authorization {
        None => respond(stream, "200 OK", "", &module()),
        Some(_) => respond(stream, "400 Bad Request", "", b""),
    });
    let location = format!("Location: http://{}/module\r\n", store.name());
    let registry = Pretender::start(move |_, authorization, stream| match authorization {
        None => respond(stream, "401 Unauthorized", "WWW-Authenticate: Basic realm=\"here\"\r\n", b""),
        Some(_) => respond(stream, "307 Temporary Redirect", &location, b""),
    });
    let place = locked(&source(&registry), &module());
    write_login(&place, &registry.name(), LOGIN);
    place.add(&[]).succeeds();
}

fn token() {
    let registry = Pretender::start(|path, authorization, stream| match path {
        path if path.starts_with("/token?scope=repository%3Aacme%2Fhosts%3Apull&service=here") => {
            respond(stream, "200 OK", "", br#"{"token": "let-me-in"}"#);
        }
        _ if authorization == Some("Bearer let-me-in") => {
            respond(stream, "200 OK", "", &module());
        }
        _ => {
            let port = stream.local_addr().unwrap().port();
            let realm = format!("http://127.0.0.1:{port}/token");
            let challenge = format!("WWW-Authenticate: Bearer realm=\"{realm}\",service=\"here\"\r\n");
            respond(stream, "401 Unauthorized", &challenge, b"");
        }
    });
    locked(&source(&registry), &module()).add(&[]).succeeds();
}

fn token_elsewhere() {
    let registry = Pretender::start(|_, _, stream| {
        let challenge = "WWW-Authenticate: Bearer realm=\"ftp://127.0.0.1/token\"\r\n";
        respond(stream, "401 Unauthorized", challenge, b"");
    });
    locked(&source(&registry), &module()).add(&[]).refuses(9, &["wants a login of a kind that is not known"]);
}
