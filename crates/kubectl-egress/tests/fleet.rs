//! Clusters of a fleet that are compared by the program itself: what one of them was diagnosed from is laid beside another.

#![expect(clippy::unwrap_used, reason = "a test that cannot run the program fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn plugin(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-egress"));
    command.args(arguments).env_clear().env("HOME", directory).current_dir(directory);
    command.output().unwrap()
}

/// The manifests of a cluster with these hosts, and what a diagnosis of it keeps.
fn cluster(directory: &Path, name: &str, hosts: &[&str]) {
    let add = [&["add"], hosts, &["-n", "shop", "--dry-run=client", "-o", "yaml"]].concat();
    let written = plugin(directory, &add);
    assert!(written.status.success(), "{written:?}");
    fs::write(directory.join(format!("{name}.yaml")), written.stdout).unwrap();
    let (manifest, bundle) = (format!("{name}.yaml"), format!("{name}.tar.gz"));
    plugin(directory, &["diagnose", "-A", "-f", &manifest, "--bundle", &bundle]);
    assert!(directory.join(bundle).exists());
}

fn told(directory: &Path, arguments: &[&str]) -> Vec<(String, String)> {
    let arguments = [&["diagnose", "-A", "--only", "EG044", "-o", "json"], arguments].concat();
    let output = plugin(directory, &arguments);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let word =
        |finding: &Value, pointer: &str| finding.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|finding| (word(finding, "/evidence/0"), word(finding, "/fix/command"))).collect()
}

#[test]
fn what_only_one_of_two_clusters_lets_out_is_told_from_either_side() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    cluster(directory, "east", &["edition.cnn.com", "api.github.com:443"]);
    cluster(directory, "west", &["edition.cnn.com"]);
    let pair = |evidence: &str, fix: &str| (evidence.to_owned(), fix.to_owned());
    let add = "kubectl egress add api.github.com:443/TLS -n shop";
    assert_eq!(
        told(directory, &["-f", "east.yaml", "--beside", "west.tar.gz"]),
        [pair("cluster west has no egress for it", add)]
    );
    assert_eq!(
        told(directory, &["--from", "west.tar.gz", "--beside", "east.tar.gz"]),
        [pair("no object of this cluster routes api.github.com to a gateway for shop", add)]
    );
    assert_eq!(told(directory, &["-f", "east.yaml", "--beside", "east.tar.gz"]), []);
    assert_eq!(told(directory, &["-f", "east.yaml"]), []);
}
