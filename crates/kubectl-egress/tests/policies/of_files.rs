//! Policies of the repository, of the user and of the command line, without a cluster.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use egress_policy_wasm::inspect::digest;

use crate::guest;
use crate::place::Place;

const MODULE: &str = "./acme.wasm";
const YAML: &str = ".egress/egress-policy.yaml";
const LOCK: &str = ".egress/egress-policy.lock";

/// A configuration with these policies.
fn configuration(policies: &str) -> String {
    format!("apiVersion: kubectl-egress.github.io/v1alpha1\nkind: EgressPolicySet\npolicies:\n{policies}")
}

fn one_module(source: &str) -> String {
    configuration(&format!("  - name: acme\n    source: {source}\n"))
}

fn denying(name: &str, host: &str) -> String {
    configuration(&format!("  - name: {name}\n    builtin: rules\n    settings:\n      deny: [\"{host}\"]\n"))
}

fn module(version: &str) -> Vec<u8> {
    guest::module(version, guest::SPOKEN)
}

/// Writes the user's own configuration.
fn write_of_user(place: &Place, text: &str) {
    let folder = place.home().join(".config/kubectl-egress");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("egress-policy.yaml"), text).unwrap();
}

/// A repository with one module, locked.
fn locked() -> Place {
    let place = Place::new();
    let module = module("1.0.0");
    place.write(YAML, one_module(MODULE));
    place.write(LOCK, guest::lock("acme", MODULE, &module, "1.0.0"));
    place.write(".egress/acme.wasm", module);
    place
}

#[test]
fn without_policies_nothing_is_kept() {
    let place = Place::new();
    place.add(&[]).succeeds();
    assert_eq!(fs::read_dir(place.home()).unwrap().count(), 0);
}

#[test]
fn a_locked_module_is_asked_and_its_native_code_kept() {
    let place = locked();
    place.add_trusting().succeeds();
    assert!(place.cache().join("native").exists());
}

#[test]
fn a_module_that_is_not_locked_is_not_run() {
    let place = locked();
    fs::remove_file(place.repository().join(LOCK)).unwrap();
    place.add(&[]).refuses(9, &["`acme`", LOCK, "kubectl egress policy lock"]);
    assert!(!place.cache().exists());
}

#[test]
fn a_module_that_was_changed_is_not_run_and_both_digests_are_told() {
    let place = locked();
    let changed = module("1.0.1");
    place.write(".egress/acme.wasm", &changed);
    let (then, now) = (digest(&module("1.0.0")), digest(&changed));
    place.add_trusting().refuses(9, &["`acme`", &then, &now, "kubectl egress policy update acme"]);
    assert!(!place.cache().exists());
}

#[test]
fn a_lock_file_that_was_edited_by_hand_is_refused() {
    let place = locked();
    let lock = fs::read_to_string(place.repository().join(LOCK)).unwrap();
    place.write(LOCK, lock.replace("\"1.0.0\"", "\"9.9.9\""));
    place.add_trusting().refuses(9, &["version-reported", "9.9.9", "1.0.0", "edited by hand"]);
}

#[test]
fn a_lock_file_that_cannot_be_read_is_refused_with_its_place() {
    let place = locked();
    place.write(LOCK, "version = 1\nnonsense\n");
    place.add(&[]).refuses(9, &[".egress/egress-policy.lock:2:"]);
}

#[test]
fn native_code_that_was_tampered_with_is_made_again() {
    let place = locked();
    place.add_trusting().succeeds();
    let native = place.cache().join("native");
    let kept = fs::read_dir(&native).unwrap().next().unwrap().unwrap().path();
    let code = fs::read(&kept).unwrap();
    fs::write(&kept, vec![0; code.len()]).unwrap();
    place.add_trusting().succeeds();
    assert_eq!(fs::read(&kept).unwrap(), code);
}

#[test]
fn a_module_that_is_not_there_is_a_refusal() {
    let place = locked();
    fs::remove_file(place.repository().join(".egress/acme.wasm")).unwrap();
    place.add_trusting().refuses(9, &["`acme`", "repository layer", ".egress/acme.wasm: no such file"]);
}

#[test]
fn a_configuration_that_cannot_be_read_is_a_refusal() {
    let place = Place::new();
    fs::create_dir_all(place.repository().join(YAML)).unwrap();
    place.add(&[]).refuses(9, &["repository layer", YAML, "expected a file, found a directory"]);
    let place = Place::new();
    place.write(".egress/README", "");
    symlink("gone.yaml", place.repository().join(YAML)).unwrap();
    place.add(&[]).refuses(9, &["repository layer", YAML, "no such file"]);
}

#[test]
fn bad_yaml_is_told_with_file_line_and_column() {
    let place = Place::new();
    place.write(YAML, configuration("  - name: acme\n    bultin: rules\n"));
    place.add(&[]).refuses(2, &[".egress/egress-policy.yaml:5:5: ", "bultin"]);
    let place = Place::new();
    write_of_user(&place, "kind: [\n");
    place.add(&[]).refuses(2, &[".config/kubectl-egress/egress-policy.yaml:1:7: "]);
}

#[test]
fn an_unknown_built_in_policy_is_told_with_its_place() {
    let place = Place::new();
    place.write(YAML, configuration("  - name: acme\n    builtin: ruels\n"));
    place.add(&[]).refuses(2, &[".egress/egress-policy.yaml:5:", "rules", "ruels"]);
}

#[test]
fn a_module_for_another_version_is_told_so() {
    let place = Place::new();
    place.write("other.wasm", guest::module("1.0.0", "0.3.0"));
    place.add(&["--policy", "other.wasm"]).refuses(9, &["`other`", "built for policy 0.3", "uses 0.1"]);
}

#[test]
fn a_module_of_the_command_line_needs_no_lock_file() {
    let place = Place::new();
    place.write("acme.wasm", module("1.0.0"));
    place.add(&["--policy", "acme.wasm"]).succeeds();
}

#[test]
fn what_the_command_line_names_must_be_there() {
    let place = Place::new();
    place.add(&["--policy", "nothing.yaml"]).refuses(2, &["`--policy`: nothing.yaml: no such file"]);
    place.write("text.wasm", "(module)");
    place.add(&["--policy", "text.wasm"]).refuses(9, &["`text`", "it is text, not a module"]);
}

#[test]
fn one_denial_of_any_layer_denies() {
    let place = Place::new();
    place.write(YAML, denying("ours", "*.example.com"));
    place.add(&[]).succeeds();
    write_of_user(&place, &denying("mine", "*.cnn.com"));
    place.add(&[]).refuses(4, &["mine"]);
}

#[test]
fn two_layers_may_not_use_one_name() {
    let place = Place::new();
    place.write(YAML, denying("ours", "*.example.com"));
    write_of_user(&place, &denying("ours", "*.example.org"));
    place.add(&[]).refuses(2, &["`ours`", "repository layer", "user layer"]);
}

#[test]
fn settings_that_are_wrong_are_told_with_file_and_line() {
    let place = Place::new();
    place.write(YAML, configuration("  - name: ours\n    builtin: rules\n    settings: {dney: []}\n"));
    place
        .add(&[])
        .refuses(2, &[".egress/egress-policy.yaml:4: policy `ours`: its settings are wrong", "dney"]);
}

#[test]
fn answers_that_a_policy_does_not_give_cannot_be_taken() {
    let place = locked();
    place.write(YAML, format!("{}    use: [pinning]\n", one_module(MODULE)));
    place
        .add_trusting()
        .refuses(2, &["policy `acme`: `use: [pinning]`, but the policy answers only [hosts]"]);
}

#[test]
fn a_config_map_cannot_be_asked_without_its_cluster() {
    let place = Place::new();
    let (source, module) = ("configmap://acme/acme.wasm", module("1.0.0"));
    place.write(YAML, one_module(source));
    place.write(LOCK, guest::lock("acme", source, &module, "1.0.0"));
    place.add_trusting().refuses(9, &["`acme`", source, "this command asks no cluster"]);
}

#[test]
fn trust_is_any_or_a_digest() {
    let place = Place::new();
    place
        .add(&["--trust-policies", "sha256:0"])
        .refuses(2, &["`--trust-policies`: expected `any`, or `sha256:`"]);
}

/// Closes the kind "a clone of a stranger's repository runs its programs": nothing of it is compiled or run unasked.
#[test]
fn the_modules_of_a_repository_do_not_run_unasked() {
    let place = locked();
    let set = digest(digest(&module("1.0.0")).as_bytes());
    let words = ["repository", "has policy modules that you have not trusted yet", "`acme` sha256:"];
    place.add(&[]).refuses(9, &[&words[..], &["`--trust-policies", &set]].concat());
    assert!(!place.cache().exists());
    let other = format!("sha256:{}", "0".repeat(64));
    place.add(&["--trust-policies", &other]).refuses(9, &["review the change", &set]);
    assert!(!place.cache().exists());
    place.add(&["--trust-policies", &set]).succeeds();
}

/// Closes the kind "a command that writes the lock file runs what it locks": each asks the module who it is, and that is its
/// first chance to run.
#[test]
fn nothing_of_a_repository_runs_to_be_locked_unasked() {
    let place = Place::new();
    let other = module("2.0.0");
    place.write(YAML, one_module(MODULE));
    place.write(".egress/acme.wasm", module("1.0.0"));
    place.write("mine.wasm", &other);
    symlink(".egress", place.repository().join("link")).unwrap();
    let set = digest(digest(&module("1.0.0")).as_bytes());
    let policy = |arguments: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_kubectl-egress"));
        place.run(program.arg("policy").args(arguments))
    };
    let commands: [&[&str]; 6] = [
        &["lock"],
        &["update"],
        &["update", "acme", "--diff"],
        &["lock", "-f", YAML],
        &["lock", "-f", "link/egress-policy.yaml"],
        &["add", "./mine.wasm", "--name", "mine"],
    ];
    for command in commands {
        policy(command).refuses(9, &["that you have not trusted yet", "`acme` sha256:", "--trust-policies"]);
        assert!(!place.cache().exists(), "{command:?}");
        assert!(!place.repository().join(LOCK).exists(), "{command:?}");
        assert_eq!(fs::read_to_string(place.repository().join(YAML)).unwrap(), one_module(MODULE));
    }
    // The digest that the refusal names is that of these modules, and of no others.
    assert_eq!(policy(&["lock", "--trust-policies", &set]).code, Some(0));
    place.add(&["--trust-policies", &set]).succeeds();
    // What is locked is not run by adding another one, which whoever types it has looked at.
    fs::remove_dir_all(place.cache()).unwrap();
    assert_eq!(policy(&["add", "./mine.wasm", "--name", "mine"]).code, Some(0));
    assert_eq!(fs::read_dir(place.cache().join("native")).unwrap().count(), 1);
    // A newer module is another one.
    place.write(".egress/acme.wasm", module("3.0.0"));
    policy(&["update", "acme", "--trust-policies", &set]).refuses(9, &["review the change"]);
    // What one trusts once is not asked again, by whichever command.
    let folder = fs::canonicalize(place.repository().join(".egress")).unwrap();
    let identity = digest(folder.to_str().unwrap().as_bytes()).replace(':', "-");
    let trusted = place.home().join(".config/kubectl-egress/trusted-policies");
    fs::create_dir_all(trusted.parent().unwrap()).unwrap();
    let (acme, mine) = (digest(&module("3.0.0")), digest(&other));
    fs::write(&trusted, format!("repository-{identity} acme={acme} mine={mine}\n")).unwrap();
    fs::set_permissions(&trusted, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(policy(&["update"]).code, Some(0));
    assert_eq!(policy(&["lock"]).code, Some(0));
    place.add(&[]).succeeds();
}

/// One's own configuration, and one that the command line names, one has looked at.
#[test]
fn what_is_ones_own_or_typed_is_locked_without_a_question() {
    let place = Place::new();
    let mine = module("1.0.0");
    place.write("rollout/egress-policy.yaml", one_module(MODULE));
    place.write("rollout/acme.wasm", &mine);
    let policy = |arguments: &[&str]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_kubectl-egress"));
        place.run(program.arg("policy").args(arguments))
    };
    assert_eq!(policy(&["lock", "-f", "rollout/egress-policy.yaml"]).code, Some(0));
    assert_eq!(policy(&["add", "./rollout/acme.wasm", "--name", "mine", "--layer", "user"]).code, Some(0));
    assert_eq!(policy(&["update", "--layer", "user"]).code, Some(0));
    assert_eq!(policy(&["add", "./rollout/acme.wasm", "--name", "first"]).code, Some(0));
}

#[test]
fn what_was_trusted_of_a_repository_is_this_folder_and_these_modules() {
    let place = locked();
    let folder = fs::canonicalize(place.repository().join(".egress")).unwrap();
    let identity = digest(folder.to_str().unwrap().as_bytes()).replace(':', "-");
    let trusted = place.home().join(".config/kubectl-egress/trusted-policies");
    let write = |identity: &str, digest: &str| {
        fs::create_dir_all(trusted.parent().unwrap()).unwrap();
        fs::write(&trusted, format!("{identity} acme={digest}\n")).unwrap();
        fs::set_permissions(&trusted, fs::Permissions::from_mode(0o600)).unwrap();
    };
    let identity = format!("repository-{identity}");
    write(&identity, &digest(&module("1.0.0")));
    place.add(&[]).succeeds();
    write(&identity, &digest(&module("0.9.0")));
    place.add(&[]).refuses(9, &["have changed since you trusted them", "--trust-policies sha256:"]);
    write("repository-elsewhere", &digest(&module("1.0.0")));
    place.add(&[]).refuses(9, &["have not trusted yet"]);
}

#[test]
fn labels_of_other_controllers_are_not_for_a_repository_to_set() {
    let place = Place::new();
    let rules = |settings: &str| {
        configuration(&format!("  - name: ours\n    builtin: rules\n    settings: {settings}\n"))
    };
    place.write(YAML, rules("{labels: {argocd.argoproj.io/instance: x}}"));
    place.add(&[]).refuses(9, &["argocd.argoproj.io/instance", "labels: {allow: [argocd.argoproj.io]}"]);
    place.write(YAML, rules("{labels: {team: news}}"));
    place.add(&[]).succeeds();
    place
        .write(YAML, format!("{}labels: {{allow: [argocd.argoproj.io]}}\n", rules("{labels: {team: news}}")));
    place.add(&[]).refuses(2, &["the repository layer has `labels`"]);
}
