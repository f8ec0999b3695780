//! Policies of a cluster: when they are obeyed, when their user is asked, and what is refused.
//!
//! What they do to egresses is another topic: here nothing leaves the mesh, and the program only looks.

mod acme;
mod person;

use std::{fs, os::unix::fs::PermissionsExt as _};

use anyhow::ensure;

use self::{acme::Module, person::Person};
use super::harness::{Configured, Directory, Mesh, Test, configuration};

pub(crate) const TESTS: &[Test] = &[
    ("a_cluster_without_policies_has_none", none),
    ("rules_are_data_and_nobody_is_asked", rules),
    ("a_config_map_without_a_configuration_is_a_refusal", no_configuration),
    ("bad_yaml_of_a_cluster_is_told_with_its_place", bad_yaml),
    ("a_strangers_module_does_not_run_and_the_flag_to_type_is_told", stranger),
    ("a_digest_on_the_command_line_trusts_that_set_for_this_time", for_this_time),
    ("who_says_yes_is_not_asked_again_until_something_changes", yes),
    ("who_says_no_is_obeyed", no),
    ("a_module_that_cannot_be_loaded_is_trusted_for_nothing", not_loaded),
    ("a_module_that_differs_from_its_lock_is_not_run_whoever_trusts_it", differs_from_lock),
    ("a_key_that_is_not_there_is_a_refusal", no_key),
    ("what_others_may_write_says_nothing_about_trust", writable),
];

const ANY: [&str; 2] = ["--trust-policies", "any"];

fn none(mesh: &Mesh) -> anyhow::Result<()> {
    Person::new(mesh)?.audit(&[])?.expect(0, &["No policy is configured"])
}

fn rules(mesh: &Mesh) -> anyhow::Result<()> {
    let _policies = Configured::rules(mesh, "settings: {deny: [\"*.example.com\"]}")?;
    let person = Person::new(mesh)?;
    let ended = person.audit(&[])?;
    ended.expect(0, &[])?;
    ensure!(!ended.stderr.contains("No policy is configured"), "{}", ended.stderr);
    person.keeps_nothing()
}

fn no_configuration(mesh: &Mesh) -> anyhow::Result<()> {
    let directory = Directory::new("")?;
    directory.rename("egress-policy.yaml", "policy.yaml")?;
    let _policies = directory.roll_out(mesh)?;
    Person::new(mesh)?.is_refused(&[], 9, &["`kubectl-egress-policy`", "has no key `egress-policy.yaml`"])
}

fn bad_yaml(mesh: &Mesh) -> anyhow::Result<()> {
    let _policies = Directory::new(&configuration("").replace("policies:", "polices:"))?.roll_out(mesh)?;
    let place = "configmap istio-system/kubectl-egress-policy, egress-policy.yaml:3:1: ";
    Person::new(mesh)?.is_refused(&[], 2, &[place, "polices"])
}

fn stranger(mesh: &Mesh) -> anyhow::Result<()> {
    let module = Module::built()?;
    let _policies = module.locked(mesh)?.roll_out(mesh)?;
    let person = Person::new(mesh)?;
    let flag = format!("--trust-policies {}", module.set());
    person.is_refused(&[], 9, &["you have not trusted yet", "`acme` sha256:", &flag])?;
    person.keeps_nothing()
}

fn for_this_time(mesh: &Mesh) -> anyhow::Result<()> {
    let module = Module::built()?;
    let _policies = module.locked(mesh)?.roll_out(mesh)?;
    let person = Person::new(mesh)?;
    person.audit(&["--trust-policies", &module.set()])?.expect(0, &[])?;
    ensure!(!person.trusted().exists(), "it was written down");
    ensure!(person.cache().exists(), "nothing was compiled");
    let other = module.changed().set();
    let words = [&module.set(), &other, "review the change"];
    person.is_refused(&["--trust-policies", &other], 9, &words)?;
    person.audit(&ANY)?.expect(0, &[])?;
    person.is_refused(&[], 9, &["you have not trusted yet"])
}

fn yes(mesh: &Mesh) -> anyhow::Result<()> {
    let module = Module::built()?;
    let policies = module.locked(mesh)?.roll_out(mesh)?;
    let person = Person::new(mesh)?;
    let digest = module.digest();
    let told =
        ["Run them here until they change? [y/N]", "policy        acme", &digest, "nothing of the cluster"];
    person.answers("y\n", 0, &told)?;
    let mode = fs::metadata(person.trusted())?.permissions().mode() & 0o777;
    ensure!(mode == 0o600, "expected mode 600, found {mode:o}");
    person.audit(&[])?.expect(0, &[])?;
    let changed = module.changed();
    policies.put(&changed.locked(mesh)?)?;
    let change = format!("`acme` was {digest} and is {}", changed.digest());
    person.is_refused(&[], 9, &["have changed since you trusted them", &change, "--trust-policies"])
}

fn no(mesh: &Mesh) -> anyhow::Result<()> {
    let _policies = Module::built()?.locked(mesh)?.roll_out(mesh)?;
    let person = Person::new(mesh)?;
    person.answers("\n", 9, &["were not trusted; nothing was done"])?;
    person.keeps_nothing()
}

fn not_loaded(mesh: &Mesh) -> anyhow::Result<()> {
    let module = Module::built()?;
    let other = module.for_other_interfaces()?;
    let directory = module.locked(mesh)?;
    // The lock file tells of the module that is there.
    let lock = directory.read("egress-policy.lock")?;
    directory.write("egress-policy.lock", lock.replace(&module.digest(), &other.digest()))?;
    other.put_into(&directory)?;
    let _policies = directory.roll_out(mesh)?;
    let person = Person::new(mesh)?;
    person.answers("y\n", 9, &["it was built for policy 0.3"])?;
    ensure!(!person.trusted().exists(), "it was written down");
    Ok(())
}

fn differs_from_lock(mesh: &Mesh) -> anyhow::Result<()> {
    let module = Module::built()?;
    let changed = module.changed();
    let directory = module.locked(mesh)?;
    changed.put_into(&directory)?;
    let _policies = directory.roll_out(mesh)?;
    let person = Person::new(mesh)?;
    let words = ["egress-policy.lock", "cluster layer", &module.digest(), &changed.digest()];
    person.is_refused(&ANY, 9, &words)?;
    person.keeps_nothing()
}

fn no_key(mesh: &Mesh) -> anyhow::Result<()> {
    let directory = Module::built()?.locked(mesh)?;
    directory.rename("acme.wasm", "other.wasm")?;
    let _policies = directory.roll_out(mesh)?;
    let words = ["configmap `kubectl-egress-policy` has no key `acme.wasm` under `binaryData`"];
    Person::new(mesh)?.is_refused(&ANY, 9, &words)
}

fn writable(mesh: &Mesh) -> anyhow::Result<()> {
    let _policies = Module::built()?.locked(mesh)?.roll_out(mesh)?;
    let person = Person::new(mesh)?;
    person.answers("y\n", 0, &[])?;
    fs::set_permissions(person.trusted(), fs::Permissions::from_mode(0o666))?;
    let words = ["trusted-policies", "other users have access (mode 666; expected 600)", "chmod 600"];
    person.is_refused(&[], 9, &words)
}
