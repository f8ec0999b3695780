//! The plugins as modules, asked by the plugin of kubectl: their own tests, and the organisation of the page that Istio's
//! task on egress gateways is.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Output},
    sync::Arc,
};

use anyhow::{Context as _, ensure};
use libtest_mimic::{Arguments, Trial};
use serde::Deserialize as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::plugins::{self, Plugin};

/// The page's objects as they are typed there.
const PAGE: &str = include_str!("../../tests/generate/page.yaml");

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let plugins = match plugins::build() {
        Ok(plugins) => Arc::new(plugins),
        Err(error) => {
            eprintln_error(&error);
            return ExitCode::FAILURE;
        }
    };
    let mut trials: Vec<Trial> = (0..plugins.len())
        .map(|index| {
            let plugins = Arc::clone(&plugins);
            let name = format!("tests_of_{}_pass_and_see_every_rule", plugins[index].name.replace('-', "_"));
            Trial::test(name, move || own_tests(&plugins[index]).map_err(|error| format!("{error:#}").into()))
        })
        .collect();
    trials.push(Trial::test("infra_nodes_writes_the_objects_of_the_page", move || {
        page(&plugins).map_err(|error| format!("{error:#}").into())
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

#[expect(clippy::print_stderr, reason = "a test program has nowhere else to say why nothing ran")]
fn eprintln_error(error: &anyhow::Error) {
    eprintln!("the plugins could not be built: {error:#}");
}

/// Every case holds, and every rule of the policy is seen at work by one.
fn own_tests(plugin: &Plugin) -> anyhow::Result<()> {
    let home = TempDir::new()?;
    let tests = root().join("plugins").join(&plugin.name).join("tests");
    let tests = tests.to_str().context("a path that is text")?;
    let output = run(home.path(), &["policy", "test", tests, "--require-coverage"])?;
    ensure!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    Ok(())
}

/// The objects of `add edition.cnn.com:80 --layout documented --hop plain` are those of the page: kind, name and spec, in
/// any order. Aside are the API version, what says that they are ours, and `exportTo`: the page leaves its objects visible
/// to the whole mesh, where callers of other namespaces would get 503 for want of the subset. So are the two fields that keep
/// routes of other namespaces out, and the headers about the inside of the mesh, which the page lets out.
fn page(plugins: &[Plugin]) -> anyhow::Result<()> {
    let module = plugins.iter().find(|plugin| plugin.name == "infra-nodes").context("no infra-nodes")?;
    let home = TempDir::new()?;
    fs::copy(&module.path, home.path().join("infra-nodes.wasm"))?;
    let set = "apiVersion: kubectl-egress.github.io/v1alpha1\nkind: EgressPolicySet\npolicies:\n- name: infra-nodes\n  \
               source: ./infra-nodes.wasm\n  settings: {catalogue: {cnn: {host: edition.cnn.com}}}\n";
    fs::write(home.path().join("egress-policy.yaml"), set)?;
    done(home.path(), &["policy", "lock", "-f", "egress-policy.yaml"])?;
    let asked = ["edition.cnn.com:80", "--layout", "documented", "--hop", "plain", "--dry-run=client"];
    let with = ["-o", "yaml", "--policy", "egress-policy.yaml"];
    let written = done(home.path(), &[&["add"], &asked[..], &with].concat())?;

    let ours = objects(&written)?;
    let exported = [("ServiceEntry", 2), ("DestinationRule", 1), ("VirtualService", 2)];
    for (kind, namespaces) in exported {
        let object = ours.iter().find(|object| object["kind"] == kind).context(kind)?;
        let seen = object["spec"]["exportTo"].as_array().map(Vec::len);
        ensure!(seen == Some(namespaces), "{kind} is seen from {seen:?} places");
    }
    let mut page = objects(PAGE)?;
    page.iter_mut().for_each(closed_to_other_namespaces);
    let (ours, page) = (compared(ours), compared(page));
    ensure!(ours == page, "written: {ours:#?}\non the page: {page:#?}");

    let other = run(home.path(), &[&["add", "example.com"], &asked[1..], &with].concat())?;
    ensure!(other.status.code() == Some(4), "a host outside the catalogue: {other:?}");

    // The schema that the module brings is held before the module is asked.
    fs::write(home.path().join("egress-policy.yaml"), set.replace("{catalogue: {cnn:", "{catalog: {cnn:"))?;
    let wrong = run(home.path(), &[&["add"], &asked[..], &with].concat())?;
    let said = text(&wrong.stderr);
    ensure!(
        wrong.status.code() == Some(2) && said.contains("catalog"),
        "settings with a typing error: {said}"
    );
    Ok(())
}

fn objects(yaml: &str) -> anyhow::Result<Vec<Value>> {
    let documents = serde_yaml::Deserializer::from_str(yaml);
    documents.map(|document| Ok(Value::deserialize(document)?)).collect()
}

/// What the page lacks: the Gateway's host is for its own namespace, and the gateway's rule matches on the authority.
fn closed_to_other_namespaces(object: &mut Value) {
    if let Some(host) = object.pointer_mut("/spec/servers/0/hosts/0") {
        *host = json!("./edition.cnn.com");
    }
    if let Some(matched) = object.pointer_mut("/spec/http/1/match/0").and_then(Value::as_object_mut) {
        matched.insert("authority".to_owned(), json!({ "regex": ".*" }));
    }
}

/// Kind, name and spec without `exportTo` and without the headers that are kept inside, sorted by kind.
fn compared(objects: Vec<Value>) -> Vec<(String, String, Value)> {
    let mut compared: Vec<_> = objects
        .into_iter()
        .map(|mut object| {
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            if let Some(spec) = object["spec"].as_object_mut() {
                spec.remove("exportTo");
                for rule in spec.get_mut("http").and_then(Value::as_array_mut).into_iter().flatten() {
                    rule.as_object_mut().and_then(|rule| rule.remove("headers"));
                }
            }
            (word(&object["kind"]), word(&object["metadata"]["name"]), object["spec"].take())
        })
        .collect();
    compared.sort_by(|one, other| one.0.cmp(&other.0));
    compared
}

fn done(home: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = run(home, arguments)?;
    ensure!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    Ok(text(&output.stdout))
}

/// Runs the plugin of kubectl in a folder, with no policies but those that are named.
fn run(home: &Path, arguments: &[&str]) -> anyhow::Result<Output> {
    let program = std::env::var_os("KUBECTL_EGRESS").map(PathBuf::from);
    let program = program.unwrap_or_else(|| root().join("target/debug/kubectl-egress"));
    let mut command = Command::new(program);
    command.args(arguments).current_dir(home).env("KUBECONFIG", home.join("none"));
    command.env("XDG_CONFIG_HOME", home).env("XDG_CACHE_HOME", home.join("cache"));
    Ok(command.output()?)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
