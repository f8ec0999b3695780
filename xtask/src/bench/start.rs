//! What a person waits for before anything reaches a cluster: the start of the program, and objects without a cluster.

use std::{path::Path, process::Command};

use super::{stopwatch::times, table::Comparison};

const NO_CLUSTER: &str = "/dev/null";

/// Measures the plugin beside kubectl, which is given the same kind of work.
pub(super) fn measure(plugin: &Path, kubectl: &Path, runs: usize) -> anyhow::Result<Vec<Comparison>> {
    let measured = |program: &Path, line: &str| {
        times(Command::new(program).args(line.split(' ')).env("KUBECONFIG", NO_CLUSTER), runs)
    };
    Ok(vec![
        Comparison {
            what: "start: version".to_owned(),
            ours: measured(plugin, "version")?,
            peer: "kubectl version --client".to_owned(),
            theirs: measured(kubectl, "version --client")?,
        },
        Comparison {
            what: "add HOST --dry-run=client -o yaml".to_owned(),
            ours: measured(plugin, "add edition.cnn.com --dry-run=client -o yaml")?,
            peer: "kubectl create service --dry-run=client -o yaml".to_owned(),
            theirs: measured(
                kubectl,
                "create service externalname cnn --external-name edition.cnn.com --dry-run=client -o yaml",
            )?,
        },
    ])
}
