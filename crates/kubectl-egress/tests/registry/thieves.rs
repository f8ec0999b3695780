//! Servers that are after a login: it goes to the registry it was made for and to the place that this registry itself
//! names, encrypted or on this machine, and to nobody else on any way.

use std::sync::{Arc, Mutex};

use crate::debian::LOGIN;
use crate::fake_registry::{FakeRegistry, respond};
use crate::fetching::{locked, module, write_entry, write_login};
use crate::place::Place;

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_login_does_not_follow_a_redirection_to_another_server", redirected_login),
    ("a_server_that_a_registry_sends_to_gets_no_login_by_demanding_one", demanded_elsewhere),
    ("a_server_that_sends_back_to_the_registry_gets_it_no_login", sent_back),
    ("a_redirection_within_the_registry_keeps_the_login", redirected_within),
    ("a_redirection_out_of_this_machine_is_encrypted", redirected_in_clear),
    ("a_redirection_with_a_login_in_its_address_is_not_followed", redirected_with_login),
    ("a_token_is_asked_for_where_the_registry_says_so", token),
    ("a_login_is_sent_to_no_place_of_a_kind_that_is_not_known", token_of_no_web),
    ("a_login_is_not_sent_where_it_could_be_read_on_the_way", token_in_clear),
    ("a_login_is_not_sent_to_a_place_with_a_user_in_it", token_of_a_user),
    ("a_place_for_logins_does_not_pass_a_password_on", token_passed_on),
    ("a_place_for_logins_does_not_pass_a_refresh_token_on", refresh_token_passed_on),
    ("a_token_does_not_follow_a_redirection", redirected_token),
];

/// What arrived at a server: the path and the login of each request.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Arrived>>>);

/// A path and the login that came with it.
type Arrived = (String, Option<String>);

impl Seen {
    fn note(&self, path: &str, authorization: Option<&str>) {
        self.0.lock().unwrap().push((path.to_owned(), authorization.map(str::to_owned)));
    }

    fn requests(&self) -> Vec<(String, Option<String>)> {
        self.0.lock().unwrap().clone()
    }

    #[track_caller]
    fn holds_no_login(&self) {
        assert!(self.requests().iter().all(|(_, login)| login.is_none()), "{:?}", self.requests());
    }
}

/// A server that writes down what it sees, and answers in this way.
fn thief(host: &'static str, status: &'static str, headers: String) -> (FakeRegistry, Seen) {
    let seen = Seen::default();
    let noted = seen.clone();
    let server = FakeRegistry::at(host, move |path, authorization, stream| {
        noted.note(path, authorization);
        respond(stream, status, &headers, b"{\"token\": \"stolen\"}");
    });
    (server, seen)
}

/// A registry that answers so without a login, and otherwise with another one.
fn registry(without: (&'static str, String), with: (&'static str, String)) -> FakeRegistry {
    FakeRegistry::start(move |_, authorization, stream| {
        let (status, headers) = if authorization.is_some() { &with } else { &without };
        respond(stream, status, headers, b"");
    })
}

fn bearer(realm: &str) -> (&'static str, String) {
    ("401 Unauthorized", format!("WWW-Authenticate: Bearer realm=\"{realm}\",service=\"here\"\r\n"))
}

fn basic() -> (&'static str, String) {
    ("401 Unauthorized", "WWW-Authenticate: Basic realm=\"here\"\r\n".to_owned())
}

fn to(address: &str) -> (&'static str, String) {
    ("307 Temporary Redirect", format!("Location: {address}\r\n"))
}

/// Somebody with a login for this registry, and a policy from there.
fn customer(registry: &FakeRegistry) -> Place {
    let place = locked(&format!("oci://{}/acme/hosts:1", registry.name()), &module());
    write_login(&place, &registry.name(), LOGIN);
    place
}

fn redirected_login() {
    let store = FakeRegistry::start(|_, authorization, stream| match authorization {
        None => respond(stream, "200 OK", "", &module()),
        Some(_) => respond(stream, "400 Bad Request", "", b""),
    });
    let registry = registry(basic(), to(&format!("http://{}/module", store.name())));
    customer(&registry).add_trusting().succeeds();
}

/// The attack that worked: the challenge of the second server was answered with the login for the first.
fn demanded_elsewhere() {
    for scheme in ["Basic", "Bearer"] {
        let (collector, collected) = thief("127.0.0.1", "200 OK", String::new());
        let realm = format!("http://{}/token", collector.name());
        let demand = format!("WWW-Authenticate: {scheme} realm=\"{realm}\",service=\"here\"\r\n");
        let (thief, seen) = thief("127.0.0.1", "401 Unauthorized", demand);
        let registry = registry(to(&format!("http://{}/", thief.name())), basic());
        customer(&registry)
            .add_trusting()
            .refuses(9, &["redirects to another server", "source: ./NAME.wasm"]);
        assert_eq!(seen.requests().len(), 1);
        seen.holds_no_login();
        assert_eq!(collected.requests(), []);
    }
}

fn sent_back() {
    let name = Arc::new(Mutex::new(String::new()));
    let known = Arc::clone(&name);
    let middle = FakeRegistry::start(move |_, authorization, stream| {
        assert_eq!(authorization, None);
        let (status, headers) = to(&format!("http://{}/back", known.lock().unwrap()));
        respond(stream, status, &headers, b"");
    });
    let seen = Seen::default();
    let (noted, elsewhere) = (seen.clone(), format!("http://{}/", middle.name()));
    let registry = FakeRegistry::start(move |path, authorization, stream| {
        noted.note(path, authorization);
        let (status, headers) = if path == "/back" { basic() } else { to(&elsewhere) };
        respond(stream, status, &headers, b"");
    });
    *name.lock().unwrap() = registry.name();
    customer(&registry).add_trusting().refuses(9, &["redirects to another server"]);
    seen.holds_no_login();
}

fn redirected_within() {
    let registry = FakeRegistry::start(|path, authorization, stream| match (path, authorization) {
        ("/there", Some(_)) => respond(stream, "200 OK", "", &module()),
        (_, Some(_)) => respond(stream, "302 Found", "Location: /there\r\n", b""),
        (_, None) => respond(stream, "401 Unauthorized", "WWW-Authenticate: Basic realm=\"here\"\r\n", b""),
    });
    customer(&registry).add_trusting().succeeds();
}

/// 127.0.0.2 is another host for the program.
fn redirected_in_clear() {
    let (thief, seen) = thief("127.0.0.2", "200 OK", String::new());
    let address = format!("http://{}/", thief.name());
    let registry = registry(to(&address), to(&address));
    customer(&registry).add_trusting().refuses(9, &["is not followed", "not encrypted"]);
    assert_eq!(seen.requests(), []);
}

fn redirected_with_login() {
    let (thief, seen) = thief("127.0.0.1", "200 OK", String::new());
    let address = format!("http://ada:word@{}/", thief.name());
    let registry = registry(to(&address), to(&address));
    customer(&registry).add_trusting().refuses(9, &["is not followed", "contains a login"]);
    assert_eq!(seen.requests(), []);
}

fn token() {
    let registry = FakeRegistry::start(|path, authorization, stream| match path {
        path if path.starts_with("/token?scope=repository%3Aacme%2Fhosts%3Apull&service=here") => {
            respond(stream, "200 OK", "", br#"{"token": "let-me-in"}"#);
        }
        _ if authorization == Some("Bearer let-me-in") => {
            respond(stream, "200 OK", "", &module());
        }
        _ => {
            let port = stream.local_addr().unwrap().port();
            let (status, headers) = bearer(&format!("http://127.0.0.1:{port}/token"));
            respond(stream, status, &headers, b"");
        }
    });
    locked(&format!("oci://{}/acme/hosts:1", registry.name()), &module()).add_trusting().succeeds();
    customer(&registry).add_trusting().succeeds();
}

fn token_of_no_web() {
    let registry = registry(bearer("ftp://127.0.0.1/token"), basic());
    customer(&registry).add_trusting().refuses(9, &["wants an unsupported kind of login"]);
}

fn token_in_clear() {
    let (thief, seen) = thief("127.0.0.2", "200 OK", String::new());
    let registry = registry(bearer(&format!("http://{}/token", thief.name())), basic());
    customer(&registry).add_trusting().refuses(9, &["names a login server that gets no login"]);
    assert_eq!(seen.requests(), []);
}

fn token_of_a_user() {
    let (thief, seen) = thief("127.0.0.1", "200 OK", String::new());
    let registry = registry(bearer(&format!("http://registry@{}/token", thief.name())), basic());
    customer(&registry).add_trusting().refuses(9, &["names a login server that gets no login"]);
    assert_eq!(seen.requests(), []);
}

/// A registry whose place for logins sends on to a thief.
fn passing_on(thief: &FakeRegistry) -> FakeRegistry {
    let elsewhere = format!("http://{}/", thief.name());
    FakeRegistry::start(move |path, _, stream| {
        let port = stream.local_addr().unwrap().port();
        let (status, headers) = if path.starts_with("/token") {
            to(&elsewhere)
        } else {
            bearer(&format!("http://127.0.0.1:{port}/token"))
        };
        respond(stream, status, &headers, b"");
    })
}

fn token_passed_on() {
    let (thief, seen) = thief("127.0.0.1", "200 OK", String::new());
    customer(&passing_on(&thief)).add_trusting().refuses(9, &["does not accept the login"]);
    assert_eq!(seen.requests().len(), 1);
    seen.holds_no_login();
}

/// It is in the body of the request, which a redirection with the status 307 would take along.
fn refresh_token_passed_on() {
    let (thief, seen) = thief("127.0.0.1", "200 OK", String::new());
    let registry = passing_on(&thief);
    let place = customer(&registry);
    write_entry(&place, &registry.name(), &serde_json::json!({"auth": LOGIN, "identitytoken": "refresh"}));
    place.add_trusting().refuses(9, &["answered with the status 307"]);
    assert_eq!(seen.requests(), []);
}

fn redirected_token() {
    let (thief, seen) = thief("127.0.0.1", "401 Unauthorized", String::new());
    let elsewhere = format!("http://{}/", thief.name());
    let registry = FakeRegistry::start(move |path, authorization, stream| {
        let port = stream.local_addr().unwrap().port();
        let (status, headers) = match (path.starts_with("/token"), authorization) {
            (true, _) => return respond(stream, "200 OK", "", br#"{"token": "let-me-in"}"#),
            (false, Some(_)) => to(&elsewhere),
            (false, None) => bearer(&format!("http://127.0.0.1:{port}/token")),
        };
        respond(stream, status, &headers, b"");
    });
    customer(&registry).add_trusting().refuses(9, &["redirects to another server"]);
    assert_eq!(seen.requests().len(), 1);
    seen.holds_no_login();
}
