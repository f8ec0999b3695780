//! Policies of a cluster: when they are obeyed, when their user is asked, and what is refused.
//!
//! What they do to egresses is held by the tests on the bed.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use egress_policy::inspect::digest;
use serde_json::json;

use crate::cluster::{self, Cluster};
use crate::guest;

const CONFIGURATION: &str = "apiVersion: kubectl-egress.github.io/v1alpha1\nkind: EgressPolicySet\n";
const SOURCE: &str = "configmap://kubectl-egress-policy/acme.wasm";

fn module(version: &str) -> Vec<u8> {
    guest::module(version, guest::SPOKEN)
}

/// The digest of a set of one module.
fn set(version: &str) -> String {
    digest(digest(&module(version)).as_bytes())
}

/// A ConfigMap with a module, and the lock file of a module of a certain version.
fn map(version: &str, locked: &str) -> serde_json::Value {
    cluster::map(
        &json!({
            "egress-policy.yaml": format!("{CONFIGURATION}policies:\n  - name: acme\n    source: {SOURCE}\n"),
            "egress-policy.lock": guest::lock("acme", SOURCE, &module(locked), locked),
        }),
        &[("acme.wasm", &module(version))],
    )
}

#[test]
fn a_cluster_without_policies_has_none() {
    let ended = Cluster::without_policies().audit(&[]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("No policy is configured"), "{}", ended.stderr);
}

#[test]
fn policies_that_may_not_be_read_are_a_refusal_that_says_how_the_right_is_given() {
    let ended = Cluster::forbidding().audit(&[]);
    ended.refuses(5, &[
        "the policies of this cluster may not be read: configmaps \"kubectl-egress-policy\" is forbidden",
        "kubectl create role kubectl-egress-policy-reader -n istio-system --verb=get --resource=configmaps \
         --resource-name=kubectl-egress-policy",
        "kubectl create rolebinding kubectl-egress-policy-reader -n istio-system",
    ]);
}

#[test]
fn rules_are_data_and_nobody_is_asked() {
    let rules = "policies:\n  - name: ours\n    builtin: rules\n    settings: {deny: [\"*.example.com\"]}\n";
    let map = cluster::map(&json!({"egress-policy.yaml": format!("{CONFIGURATION}{rules}")}), &[]);
    let ended = Cluster::with(map).audit(&[]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!ended.stderr.contains("No policy is configured"), "{}", ended.stderr);
}

#[test]
fn a_config_map_without_a_configuration_is_a_refusal() {
    let map = cluster::map(&json!({"policy.yaml": "typed wrong"}), &[]);
    Cluster::with(map).audit(&[]).refuses(9, &["`kubectl-egress-policy`", "has no key `egress-policy.yaml`"]);
}

#[test]
fn bad_yaml_of_a_cluster_is_told_with_its_place() {
    let map = cluster::map(&json!({"egress-policy.yaml": format!("{CONFIGURATION}polices: []\n")}), &[]);
    let place = "configmap istio-system/kubectl-egress-policy, egress-policy.yaml:3:1: ";
    Cluster::with(map).audit(&[]).refuses(2, &[place, "polices"]);
}

#[test]
fn a_strangers_module_does_not_run_and_the_flag_to_type_is_told() {
    let cluster = Cluster::with(map("1.0.0", "1.0.0"));
    let flag = format!("--trust-policies {}", set("1.0.0"));
    cluster.audit(&[]).refuses(9, &["you have not trusted yet", "`acme` sha256:", &flag]);
    assert!(!cluster.place.cache().exists());
    assert!(!cluster.trusted().exists());
}

#[test]
fn a_digest_on_the_command_line_trusts_that_set_for_this_time() {
    let cluster = Cluster::with(map("1.0.0", "1.0.0"));
    let ended = cluster.audit(&["--trust-policies", &set("1.0.0")]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(!cluster.trusted().exists());
    let other = cluster.audit(&["--trust-policies", &set("2.0.0")]);
    other.refuses(9, &[&set("1.0.0"), &set("2.0.0"), "look at what changed"]);
    assert_eq!(cluster.audit(&["--trust-policies", "any"]).code, Some(0));
}

#[test]
fn who_says_yes_is_not_asked_again_until_something_changes() {
    let mut cluster = Cluster::with(map("1.0.0", "1.0.0"));
    let asked = cluster.audit_at_a_terminal("y\n");
    assert_eq!(asked.code, Some(0), "{}", asked.stdout);
    let digest = digest(&module("1.0.0"));
    for told in ["Run them here, until they change? [y/N]", "acme 1.0.0", &digest, "nothing of the cluster"] {
        assert!(asked.stdout.contains(told), "expected {told:?} in:\n{}", asked.stdout);
    }
    assert_eq!(fs::metadata(cluster.trusted()).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(cluster.audit(&[]).code, Some(0));
    cluster.change(map("1.0.1", "1.0.1"));
    let change = format!("`acme` was {digest} and is sha256:");
    cluster.audit(&[]).refuses(9, &["are not those that you trusted", &change, "--trust-policies"]);
}

#[test]
fn who_says_no_is_obeyed() {
    let cluster = Cluster::with(map("1.0.0", "1.0.0"));
    let asked = cluster.audit_at_a_terminal("\n");
    assert_eq!(asked.code, Some(9), "{}", asked.stdout);
    assert!(asked.stdout.contains("were not trusted; nothing was done"), "{}", asked.stdout);
    assert!(!cluster.trusted().exists());
}

#[test]
fn a_module_that_cannot_be_loaded_is_trusted_for_nothing() {
    // The lock file tells of the module that is there, which is for another version of the interfaces.
    let module = guest::module("1.0.0", "0.3.0");
    let lock = guest::lock("acme", SOURCE, &self::module("1.0.0"), "1.0.0");
    let lock = lock.replace(&digest(&self::module("1.0.0")), &digest(&module));
    let yaml = format!("{CONFIGURATION}policies:\n  - name: acme\n    source: {SOURCE}\n");
    let data = json!({"egress-policy.yaml": yaml, "egress-policy.lock": lock});
    let cluster = Cluster::with(cluster::map(&data, &[("acme.wasm", &module)]));
    let asked = cluster.audit_at_a_terminal("y\n");
    assert_eq!(asked.code, Some(9), "{}", asked.stdout);
    assert!(asked.stdout.contains("it was built for policy 0.3"), "{}", asked.stdout);
    assert!(!cluster.trusted().exists());
}

#[test]
fn a_module_that_differs_from_its_lock_is_not_run_whoever_trusts_it() {
    let cluster = Cluster::with(map("6.6.6", "1.0.0"));
    let (then, now) = (digest(&module("1.0.0")), digest(&module("6.6.6")));
    let ended = cluster.audit(&["--trust-policies", "any"]);
    ended.refuses(9, &["egress-policy.lock", "cluster layer", &then, &now]);
    assert!(!cluster.place.cache().exists());
}

#[test]
fn a_key_that_is_not_there_is_a_refusal() {
    let mut without = map("1.0.0", "1.0.0");
    without["binaryData"] = json!({});
    let ended = Cluster::with(without).audit(&["--trust-policies", "any"]);
    ended.refuses(9, &["configmap `kubectl-egress-policy` has no key `acme.wasm` under `binaryData`"]);
}

#[test]
fn what_others_may_write_says_nothing_about_trust() {
    let cluster = Cluster::with(map("1.0.0", "1.0.0"));
    fs::create_dir_all(cluster.trusted().parent().unwrap()).unwrap();
    fs::write(cluster.trusted(), "").unwrap();
    fs::set_permissions(cluster.trusted(), fs::Permissions::from_mode(0o666)).unwrap();
    cluster
        .audit(&[])
        .refuses(9, &["trusted-policies", "others may use it (mode 666; expected 600)", "chmod 600"]);
}
