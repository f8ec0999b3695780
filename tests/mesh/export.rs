//! The exported rules on the API server itself: every way around a list that we know is refused there, `rules` and CEL
//! judge alike, and what exists is left in peace.
//!
//! The control of each refusal is the same object before the export, or another one that is accepted beside it.

mod ask;
mod random;
mod ways;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use testbed::bed::User;

use self::ask::{Answer, Exported, ask, ask_as};
use super::harness::{Configured, LIMIT, Mesh, Test, eventually, say};

pub(crate) const TESTS: &[Test] = &[
    ("every_way_around_a_list_is_refused_by_the_api_server", ways::refused),
    ("what_exists_may_be_labelled_and_deleted_and_a_permission_excuses", existing),
    ("writers_are_warned_before_anybody_is_refused", warned),
    ("a_list_of_20_000_hosts_is_stored_and_judged_in_time", many),
    ("audit_and_diagnose_tell_what_is_wrong_with_an_export", standing),
    ("an_export_asks_for_the_root_namespace_where_the_mesh_does_not_say_it", unknown_root),
    ("cel_and_rules_agree_on_10_000_random_requests", random::agree),
];

/// An entry as somebody writes it by hand.
fn entry(name: &str, host: &str) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "hosts": [host], "exportTo": ["."], "resolution": "DNS", "location": "MESH_EXTERNAL",
            "ports": [{"number": 443, "name": "tls", "protocol": "TLS"}],
        },
    })
}

fn existing(mesh: &Mesh) -> anyhow::Result<()> {
    let kubectl = |arguments: &[&str]| mesh.bed().kubectl(arguments);
    // The control: before the export the object is accepted, and stays.
    mesh.apply(&entry("before", "evil.example.org").to_string())?;
    let _policies = Configured::rules(mesh, "settings: {allow: [\"*.cnn.com\"]}")?;
    let _exported = Exported::of_cluster(mesh, &["--deny"])?;
    let before = ["serviceentries.networking.istio.io", "before", "--namespace=shop"];
    kubectl(&[&["label"], &before[..], &["team=a"]].concat())?;
    let port = r#"[{"op": "replace", "path": "/spec/ports/0/number", "value": 8443}]"#;
    let patch = kubectl(&[&["patch"], &before[..], &["--type=json", "--patch", port]].concat());
    let said = patch.err().context("a changed spec was accepted")?.to_string();
    ensure!(
        said.contains("policy `baseline` does not allow (host-not-allowed): evil.example.org:8443"),
        "{said}"
    );
    kubectl(&[&["delete"], &before[..]].concat())?;

    // A permission excuses, one over everything does not: GitOps controllers and administrators have that.
    let evil = [entry("evil", "evil.example.org")];
    for user in [User::Admin, User::Platform, User::ShopEditor] {
        let answers = ask_as(mesh, user, &evil)?;
        ensure!(matches!(answers["evil"], Answer::Refused(_)), "{user}: {answers:?}");
    }
    let bound = ["create", "rolebinding", "egress-bypass", "--namespace=shop", "--role=egress-bypass"];
    // kubectl knows only verbs and resources that a server has.
    let rules = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
        "metadata": {"name": "egress-bypass", "namespace": "shop"},
        "rules": [{"apiGroups": ["kubectl-egress.github.io"], "resources": ["destinations"], "verbs": ["bypass"]}]});
    mesh.apply(&rules.to_string())?;
    kubectl(&[&bound[..], &["--user=shop-editor"]].concat())?;
    let excused = eventually("the permission to excuse", LIMIT, || {
        let answers = ask_as(mesh, User::ShopEditor, &evil)?;
        ensure!(answers["evil"] == Answer::Accepted, "{answers:?}");
        Ok(())
    });
    let other = ask_as(mesh, User::Platform, &evil)?;
    kubectl(&["delete", "rolebinding,role", "egress-bypass", "--namespace=shop"])?;
    excused?;
    ensure!(matches!(other["evil"], Answer::Refused(_)), "{other:?}");
    Ok(())
}

fn warned(mesh: &Mesh) -> anyhow::Result<()> {
    let _policies =
        Configured::rules(mesh, "settings: {allow: [\"*.cnn.com\"]}\n  on-deny: ask in the egress channel")?;
    let _exported = Exported::of_cluster(mesh, &[])?;
    let mut command = mesh.bed().command("kubectl");
    command.args(["create", "--dry-run=server", "--filename=-"]);
    let said = ask::fed(command, &entry("evil", "evil.example.org").to_string())?.1;
    ensure!(said.contains("Warning: ") && said.contains("evil.example.org:443"), "{said}");
    ensure!(said.contains("ask in the egress channel"), "{said}");
    let answers = ask(mesh, &[entry("evil", "evil.example.org")])?;
    ensure!(answers["evil"] == Answer::Accepted, "{answers:?}");
    Ok(())
}

fn unknown_root(mesh: &Mesh) -> anyhow::Result<()> {
    let _policies = Configured::rules(mesh, "settings: {allow: [\"*.cnn.com\"]}")?;
    let export = ["policy", "export"];
    mesh.done(&export)?;
    let other = "{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-canary, namespace: istio-system}, data: {mesh: \
                 'rootNamespace: elsewhere'}}";
    mesh.apply(other)?;
    let refused = mesh.refuses(User::Admin, &export, 9, &["root namespace", "the mesh has several"]);
    let named = mesh.done(&[&export[..], &["--root-namespace", "istio-system"]].concat());
    mesh.bed().kubectl(&["delete", "configmap", "istio-canary", "--namespace=istio-system"])?;
    refused?;
    named.map(drop)
}

fn many(mesh: &Mesh) -> anyhow::Result<()> {
    let hosts: Vec<String> = (0..20_000).map(|number| format!("host-{number}.example.com")).collect();
    let set = format!("settings: {{allow: [{}, \"*.cnn.com\"]}}", hosts.join(", "));
    let _exported = Exported::of_file(mesh, &super::harness::rules("baseline", &set))?;
    let begin = std::time::Instant::now();
    let mut large = entry("large", "host-0.example.com");
    large["spec"]["hosts"] = json!(hosts.iter().rev().take(200).collect::<Vec<_>>());
    let answers = ask(
        mesh,
        &[entry("last", "host-19999.example.com"), entry("none", "host-20000.example.com"), large],
    )?;
    ensure!(answers["last"] == Answer::Accepted && answers["large"] == Answer::Accepted, "{answers:?}");
    ensure!(matches!(answers["none"], Answer::Refused(_)), "{answers:?}");
    say(format_args!("  three entries, one of them with 200 hosts, were judged in {:?}", begin.elapsed()));
    Ok(())
}

fn standing(mesh: &Mesh) -> anyhow::Result<()> {
    let policies = Configured::rules(mesh, "settings: {allow: [\"*.cnn.com\"]}")?;
    mesh.done(&["add", "edition.cnn.com", "-n", "shop"])?;
    let tells = |code: i32, words: &str| -> anyhow::Result<()> {
        let audit = mesh.plugin(&["audit", "-A"])?;
        audit.expect(code, &[words])?;
        let diagnosis = mesh.plugin(&["diagnose", "-A", "-o", "json"])?;
        let told = diagnosis.stdout.contains("EG092") && diagnosis.stdout.contains(words);
        ensure!(told, "expected EG092 with {words:?}, found {}", diagnosis.stdout);
        Ok(())
    };
    let silent = || -> anyhow::Result<()> {
        let audit = mesh.plugin(&["audit", "-A"])?;
        // The bed has a pod outside of the mesh: 8.
        audit.expect(8, &["current policies deny none of them"])?;
        ensure!(!audit.stderr.contains("kubectl-egress-rules"), "{}", audit.stderr);
        let diagnosis = mesh.plugin(&["diagnose", "-A", "--only", "EG092", "-o", "json"])?;
        let findings = diagnosis.json()?["findings"].clone();
        ensure!(findings.as_array().is_none_or(Vec::is_empty), "{findings}");
        Ok(())
    };
    // Nobody has to export.
    silent()?;
    let exported = Exported::of_cluster(mesh, &["--deny"])?;
    silent()?;
    // Who may not read it is told so once, and nothing is ticked off.
    let audit = mesh.plugin_as(User::ShopEditor, &["audit", "-n", "shop"])?;
    let words = "not checked whether the API server has an exported policy";
    ensure!(audit.stderr.matches(words).count() == 1, "{}", audit.stderr);
    let diagnosis = mesh.plugin_as(User::ShopEditor, &["diagnose", "-n", "shop", "--only", "EG092"])?;
    let said = &diagnosis.stdout;
    ensure!(
        said.contains("EG092") && said.contains("could not be read") && !said.contains("\u{221a} EG092"),
        "{said}"
    );
    policies.replace("settings: {allow: [edition.cnn.com]}")?;
    tells(1, "is older than the cluster's policy configuration")?;
    policies.replace("settings: {allow: [\"*.cnn.com\"]}")?;
    silent()?;
    mesh.bed().kubectl(&["delete", "validatingadmissionpolicybinding", "kubectl-egress-rules"])?;
    tells(1, "has no binding, so it checks nothing")?;
    drop(exported);
    let warning = Exported::of_cluster(mesh, &[])?;
    tells(8, "only warns")?;
    mesh.bed().kubectl(&["delete", "validatingadmissionpolicy", "kubectl-egress-rules"])?;
    tells(1, "does not exist, so its binding admits everything")?;
    drop(warning);
    silent()
}
