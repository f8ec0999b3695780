//! What policies cost: the answer of a module, and a whole command with one policy beside the same command without.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{stopwatch, table::Comparison};
use crate::plugins;

/// What the module that is measured is told.
const SETTINGS: &str = "{catalogue: {cnn: {host: edition.cnn.com}}}";
/// Questions of one measurement: a host each.
const CALLS: &str = "10000";

/// What is measured here.
pub(super) struct Figures {
    /// Whole commands.
    pub(super) rows: Vec<Comparison>,
    /// The module's answers, one line for each question and number of nodes; the sizes.
    pub(super) lines: Vec<String>,
}

/// Measures the plugin with one policy that is compiled already, with one that is not, and the answers of the module.
pub(super) fn measure(plugin: &Path, runs: usize) -> anyhow::Result<Figures> {
    let built = plugins::build()?;
    let module = |name: &str| {
        let found = built.iter().find(|built| built.name == name).map(|built| built.path.clone());
        found.with_context(|| format!("there is no plugin {name}"))
    };
    let home = TempDir::new()?;
    let policies = home.path().join("egress-policy.yaml");
    let source = home.path().join("infra-nodes.wasm");
    fs::copy(module("infra-nodes")?, &source)?;
    let set = "apiVersion: kubectl-egress.github.io/v1alpha1\nkind: EgressPolicySet\n";
    let entry =
        format!("policies:\n- {{name: infra-nodes, source: ./infra-nodes.wasm, settings: {SETTINGS}}}\n");
    fs::write(&policies, format!("{set}{entry}"))?;
    run(plugin, home.path(), &["policy", "lock", "-f", text(&policies)?])?;

    let add = ["add", "edition.cnn.com", "--dry-run=client", "-o", "yaml"];
    let with = [&add[..], &["--policy", text(&policies)?]].concat();
    let without = stopwatch::times(&mut command(plugin, home.path(), &add), runs)?;
    let cached = stopwatch::times(&mut command(plugin, home.path(), &with), runs)?;
    let again = stopwatch::times(&mut command(plugin, home.path(), &with), runs)?;
    let cold: anyhow::Result<Vec<_>> = (0..runs)
        .map(|_| {
            fs::remove_dir_all(home.path().join("kubectl-egress"))?;
            stopwatch::time(&mut command(plugin, home.path(), &with))
        })
        .collect();
    let rows = vec![
        Comparison {
            what: "add --dry-run=client with one policy".to_owned(),
            ours: cached,
            peer: "the same without a policy".to_owned(),
            theirs: without,
        },
        Comparison {
            what: "the same, module not compiled yet".to_owned(),
            ours: stopwatch::Times::of(cold?),
            peer: "compiled before".to_owned(),
            theirs: again,
        },
    ];
    let mut lines = answers(plugin, home.path(), ("infra-nodes", &source, SETTINGS), 0)?;
    let spread = module("zone-spread-pinning")?;
    for nodes in [3, 100] {
        lines.extend(answers(plugin, home.path(), ("zone-spread-pinning", &spread, "{}"), nodes)?);
    }
    let size = fs::metadata(plugin)?.len();
    lines.push(format!(
        "size: kubectl-egress {size} bytes, infra-nodes.wasm {} bytes",
        fs::metadata(&source)?.len()
    ));
    Ok(Figures { rows, lines })
}

/// How many answers a second a module gives, one question for one host, with this many nodes told.
fn answers(
    plugin: &Path,
    home: &Path,
    (name, module, told): (&str, &Path, &str),
    nodes: usize,
) -> anyhow::Result<Vec<String>> {
    let node = |number: usize| {
        let labels = (0..8).map(|label| (format!("example.com/label-{label}"), json!(number.to_string())));
        let name = format!("node-{number}");
        json!({"name": name, "ready": true, "schedulable": true, "labels": labels.collect::<serde_json::Map<_, _>>()})
    };
    let request = json!({
        "verb": "add",
        "namespace": "shop",
        "layout": "shared",
        "destinations": [{"host": "edition.cnn.com", "port": 443, "protocol": "TLS", "route": "passthrough"}],
        "nodes": (0..nodes).map(node).collect::<Vec<_>>(),
    });
    let (asked, settings) = (home.join("request.json"), home.join("settings.yaml"));
    fs::write(&asked, request.to_string())?;
    fs::write(&settings, told)?;
    let arguments = ["policy", "bench", text(module)?, text(&asked)?, "--settings", text(&settings)?];
    let output = run(plugin, home, &[&arguments[..], &["--calls", CALLS, "-o", "json"]].concat())?;
    let figures: Value = serde_json::from_str(&output)?;
    let questions = figures["questions"].as_array().context("no questions in the figures")?;
    let line = |one: &Value| {
        format!(
            "policy {name}, {nodes} nodes: {} answers {}/s, median {} µs, fuel {}",
            one["question"].as_str().unwrap_or_default(),
            one["callsPerSecond"],
            one["medianMicroseconds"],
            one["fuel"]
        )
    };
    Ok(questions.iter().map(line).collect())
}

fn run(plugin: &Path, home: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = command(plugin, home, arguments).output()?;
    ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// The plugin with nobody's own policies and a cache of its own.
fn command(plugin: &Path, home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(plugin);
    command.args(arguments).current_dir(home).env("KUBECONFIG", "/dev/null");
    command.env("XDG_CONFIG_HOME", home.join("configuration")).env("XDG_CACHE_HOME", home);
    command
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("a path that is no text")
}
