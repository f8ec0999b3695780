//! A locked module and the registry that has it, or has not.

use std::fs;

use egress_policy_wasm::inspect::digest;

use crate::debian::{LOGIN, Registry};
use crate::guest;
use crate::place::Place;

pub(crate) const TESTS: &[(&str, fn())] = &[
    ("a_module_is_fetched_once_and_needs_no_registry_afterwards", fetched_once),
    ("a_kept_module_that_was_damaged_is_fetched_again", damaged_and_fetched_again),
    ("a_kept_module_that_was_damaged_is_a_refusal_without_its_registry", damaged_and_refused),
    ("a_registry_that_is_down_is_a_refusal", down),
    ("bytes_that_do_not_have_their_digest_are_a_refusal", other_bytes),
    ("a_module_that_the_registry_does_not_have_is_a_refusal", missing),
    ("a_registry_that_wants_a_login_is_told_apart_from_one_that_refuses_it", login_missing_or_wrong),
    ("a_login_of_dockers_configuration_is_used", login),
    ("a_module_over_the_limit_is_a_refusal", too_big),
];

const MODULE: &str = "acme/hosts";

/// A repository with a module of this source, locked.
pub(crate) fn locked(source: &str, module: &[u8]) -> Place {
    let place = Place::new();
    place.write(
        ".egress/egress-policy.yaml",
        format!("apiVersion: kubectl-egress.github.io/v1alpha1\nkind: EgressPolicySet\npolicies:\n  - name: acme\n    source: {source}\n"),
    );
    place.write(".egress/egress-policy.lock", guest::lock("acme", source, module, "1.0.0"));
    place
}

/// The module that everybody wants.
pub(crate) fn module() -> Vec<u8> {
    guest::module("1.0.0", guest::SPOKEN)
}

/// A registry with the module, and a repository that wants it.
fn published() -> (Registry, Place) {
    let registry = Registry::start();
    registry.push_blob(MODULE, &module());
    let place = locked(&format!("{}:1", registry.reference(MODULE)), &module());
    (registry, place)
}

fn damage(place: &Place) {
    let kept = place.cache().join("wasm").join(digest(&module()).replace(':', "-"));
    fs::write(kept, "something else").unwrap();
}

fn fetched_once() {
    let (registry, place) = published();
    place.add_trusting().succeeds();
    drop(registry);
    place.add_trusting().succeeds();
}

fn damaged_and_fetched_again() {
    let (_registry, place) = published();
    place.add_trusting().succeeds();
    damage(&place);
    let ended = place.add_trusting();
    ended.succeeds();
    assert!(
        ended.stderr.contains("warning: the cached module of policy `acme` was damaged"),
        "{}",
        ended.stderr
    );
    let ended = place.add_trusting();
    assert!(!ended.stderr.contains("warning"), "{}", ended.stderr);
}

fn damaged_and_refused() {
    let (registry, place) = published();
    place.add_trusting().succeeds();
    drop(registry);
    damage(&place);
    place.add_trusting().refuses(9, &["was damaged", "`acme`", "cannot be reached"]);
}

fn down() {
    let (registry, place) = published();
    let name = registry.name();
    drop(registry);
    place.add_trusting().refuses(9, &[&format!("the registry {name} cannot be reached: Connection refused")]);
}

fn other_bytes() {
    let (registry, place) = published();
    let other = guest::module("6.6.6", guest::SPOKEN);
    registry.tamper(&digest(&module()), &other);
    place.add_trusting().refuses(9, &["sent the wrong bytes", &digest(&module()), &digest(&other)]);
    assert!(!place.cache().exists());
}

fn missing() {
    let registry = Registry::start();
    let place = locked(&format!("{}:1", registry.reference(MODULE)), &module());
    place.add_trusting().refuses(9, &["acme/hosts:1 does not exist in its registry", "docker login"]);
}

fn login_missing_or_wrong() {
    let registry = Registry::start_with_login();
    let place = locked(&format!("{}:1", registry.reference(MODULE)), &module());
    let login = format!("docker login {}", registry.name());
    place.add_trusting().refuses(9, &["wants a login, but Docker", &login]);
    write_login(&place, &registry.name(), "YWRhOndyb25n");
    place.add_trusting().refuses(9, &["does not accept the login", &login]);
}

fn login() {
    let registry = Registry::start_with_login();
    registry.push_blob(MODULE, &module());
    let place = locked(&format!("{}:1", registry.reference(MODULE)), &module());
    write_login(&place, &registry.name(), LOGIN);
    place.add_trusting().succeeds();
}

fn too_big() {
    let (registry, place) = published();
    place.write(
        ".egress/egress-policy.yaml",
        format!(
            "apiVersion: kubectl-egress.github.io/v1alpha1\nkind: EgressPolicySet\nlimits: {{module: 1Ki}}\n\
             policies:\n  - name: acme\n    source: {}:1\n",
            registry.reference(MODULE)
        ),
    );
    place.add_trusting().refuses(9, &["sent more than 1 KiB", "limits.module"]);
}

/// What `docker login` leaves behind.
pub(crate) fn write_login(place: &Place, registry: &str, login: &str) {
    write_entry(place, registry, &serde_json::json!({"auth": login}));
}

/// What it leaves behind for one registry.
pub(crate) fn write_entry(place: &Place, registry: &str, entry: &serde_json::Value) {
    fs::create_dir_all(place.home().join(".docker")).unwrap();
    let configuration = serde_json::json!({"auths": {registry: entry}});
    fs::write(place.home().join(".docker/config.json"), configuration.to_string()).unwrap();
}
