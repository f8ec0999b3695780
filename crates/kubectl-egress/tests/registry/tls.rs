//! Registries that are not this machine: an encrypted way, or none.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;
use std::{fs, thread};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::fake_registry::respond;
use crate::fetching::{locked, module};

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_registry_elsewhere_is_spoken_to_with_tls_by_the_systems_authorities", trusted),
    ("a_registry_with_a_certificate_of_nobody_is_a_refusal", untrusted),
    ("a_registry_elsewhere_without_tls_is_a_refusal", plain),
];

/// An address of this machine that the program does not take for this machine.
const ELSEWHERE: &str = "127.0.0.2";

/// A registry with TLS that has the module. Says its port, and the text of its certificate.
fn start() -> (u16, String) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([ELSEWHERE.to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let configuration = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    let configuration = Arc::new(configuration);
    let listener = TcpListener::bind((ELSEWHERE, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(Arc::clone(&configuration)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            let asked = BufReader::new(&mut stream).lines().map_while(Result::ok);
            if asked.take_while(|line| !line.is_empty()).count() > 0 {
                respond(&mut stream, "200 OK", "", &module());
                let _ = stream.flush();
            }
        }
    });
    (port, cert.pem())
}

fn source(port: u16) -> String {
    format!("oci://{ELSEWHERE}:{port}/acme/hosts:1")
}

fn trusted() {
    let (port, certificate) = start();
    let place = locked(&source(port), &module());
    let authorities = place.home().join("authorities.pem");
    fs::write(&authorities, certificate).unwrap();
    let line =
        "SSL_CERT_FILE=$1 exec $2 add edition.cnn.com -n shop --dry-run=client -o name --trust-policies any";
    let program = env!("CARGO_BIN_EXE_kubectl-egress");
    let ended = place.run(Command::new("/bin/sh").args(["-c", line, "sh"]).arg(authorities).arg(program));
    ended.succeeds();
}

fn untrusted() {
    let (port, _) = start();
    locked(&source(port), &module()).add_trusting().refuses(9, &["cannot be reached", "certificate"]);
}

fn plain() {
    let listener = TcpListener::bind((ELSEWHERE, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            respond(&mut stream, "200 OK", "", &module());
        }
    });
    locked(&source(port), &module()).add_trusting().refuses(9, &["cannot be reached"]);
}
