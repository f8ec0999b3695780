//! Exported rules in the cluster, and what the API server says to objects that somebody would write.

use std::{
    collections::BTreeMap,
    io::Write as _,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use testbed::bed::User;

use crate::harness::{Mesh, eventually};

/// How long the API server may take to see a new policy.
const SEEN: Duration = Duration::from_secs(30);

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted,
    /// By a policy of ours, with its words.
    Refused(String),
}

/// Exported rules; they go when this is dropped, bindings first, and the API server no longer judges by them then.
#[derive(Debug)]
pub(crate) struct Exported<'a> {
    mesh: &'a Mesh,
    names: Vec<String>,
}

impl<'a> Exported<'a> {
    /// What the cluster's configuration says.
    pub(crate) fn of_cluster(mesh: &'a Mesh, flags: &[&str]) -> anyhow::Result<Self> {
        let exported = mesh.done(&[&["policy", "export", "-o", "json"], flags].concat())?.json()?;
        Self::apply(mesh, vec![exported])
    }

    /// What a file says, refused.
    pub(crate) fn of_file(mesh: &'a Mesh, configuration: &str) -> anyhow::Result<Self> {
        Self::apply(mesh, vec![exported(mesh, configuration)?])
    }

    /// Several exports side by side, each for the objects with the label `export` and its number.
    pub(crate) fn side_by_side(mesh: &'a Mesh, configurations: &[String]) -> anyhow::Result<Self> {
        let lists = configurations.iter().enumerate().map(|(number, configuration)| {
            let mut list = exported(mesh, configuration)?;
            for object in list["items"].as_array_mut().context("no list")? {
                let name = format!("kubectl-egress-rules-{number}");
                object["metadata"]["name"] = json!(name);
                if object["kind"] == "ValidatingAdmissionPolicyBinding" {
                    object["spec"]["policyName"] = json!(name);
                    let selector = json!({"matchLabels": {"export": number.to_string()}});
                    object["spec"]["matchResources"] = json!({"objectSelector": selector});
                }
            }
            Ok(list)
        });
        Self::apply(mesh, lists.collect::<anyhow::Result<_>>()?)
    }

    fn apply(mesh: &'a Mesh, lists: Vec<Value>) -> anyhow::Result<Self> {
        let mut applied = Exported { mesh, names: Vec::new() };
        let mut objects = Vec::new();
        for list in lists {
            let policy = &list["items"][0];
            ensure!(policy["kind"] == "ValidatingAdmissionPolicy", "the policy is not first: {list}");
            let name = policy["metadata"]["name"].as_str().context("no name")?.to_owned();
            applied.names.push(name);
            objects.extend(list["items"].as_array().into_iter().flatten().cloned());
        }
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        mesh.bed().kubectl_with_input(&["apply", "--server-side", "--filename=-"], &list.to_string())?;
        applied.until_seen()?;
        Ok(applied)
    }

    /// Waits until the API server judges by each of them: an entry that no list can judge is refused, or warned of.
    fn until_seen(&self) -> anyhow::Result<()> {
        for (number, name) in self.names.iter().enumerate() {
            eventually(&format!("{name} to be seen"), SEEN, || {
                let said = self.said_of_odd(number)?;
                let judged = "cannot be checked against a list: unix:///odd";
                ensure!(said.contains(name) && said.contains(judged), "{said}");
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Waits until the API server no longer judges by what has these names: it forgets a policy some time after it was
    /// deleted.
    fn until_forgotten(&self) -> anyhow::Result<()> {
        for (number, name) in self.names.iter().enumerate() {
            eventually(&format!("an earlier {name} to be forgotten"), SEEN, || {
                let said = self.said_of_odd(number)?;
                ensure!(!said.contains(name), "{said}");
                Ok(())
            })?;
        }
        Ok(())
    }

    /// What the API server says of an entry that no list can judge.
    fn said_of_odd(&self, number: usize) -> anyhow::Result<String> {
        let odd = json!({
            "apiVersion": "networking.istio.io/v1", "kind": "WorkloadEntry",
            "metadata": {"name": "odd", "namespace": "shop", "labels": {"export": number.to_string()}},
            "spec": {"address": "unix:///odd"},
        });
        let mut kubectl = self.mesh.bed().command("kubectl");
        kubectl.args(["create", "--dry-run=server", "--filename=-"]);
        let (_, said) = fed(kubectl, &odd.to_string())?;
        Ok(said)
    }
}

impl Drop for Exported<'_> {
    fn drop(&mut self) {
        // A policy that stays would make the next test fail, which is seen.
        for kind in ["validatingadmissionpolicybinding", "validatingadmissionpolicy"] {
            let names = self.names.iter().map(String::as_str);
            let arguments: Vec<&str> =
                ["delete", kind, "--ignore-not-found"].into_iter().chain(names).collect();
            let _ = self.mesh.bed().kubectl(&arguments);
        }
        // What the next test writes first would be judged by them.
        let _ = self.until_forgotten();
    }
}

/// Sends objects of different names as dry runs, in order.
pub(crate) fn ask(mesh: &Mesh, objects: &[Value]) -> anyhow::Result<BTreeMap<String, Answer>> {
    ask_as(mesh, User::Admin, objects)
}

/// The same, as somebody. An object that somebody else than our policies refuses is an error: it says nothing.
pub(crate) fn ask_as(mesh: &Mesh, user: User, objects: &[Value]) -> anyhow::Result<BTreeMap<String, Answer>> {
    let mut command = mesh.bed().command_as(user, "kubectl");
    command.args(["create", "--dry-run=server", "--validate=ignore", "--output=name", "--filename=-"]);
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    let (created, said) = fed(command, &list.to_string())?;
    let mut answers = BTreeMap::new();
    for line in created.lines() {
        let name = line.rsplit('/').next().unwrap_or_default();
        answers.insert(name.to_owned(), Answer::Accepted);
    }
    for line in said.lines().filter(|line| line.contains("ValidatingAdmissionPolicy 'kubectl-egress-rules")) {
        let Some((head, why)) = line.split_once(" is forbidden: ") else { continue };
        let name = head.trim_end_matches('"').rsplit('"').next().unwrap_or_default();
        answers.insert(name.to_owned(), Answer::Refused(why.to_owned()));
    }
    let silent = objects.iter().filter(|object| {
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        !answers.contains_key(name)
    });
    let silent: Vec<String> = silent.map(Value::to_string).collect();
    if !silent.is_empty() {
        let others = said.lines().filter(|line| !line.contains("ValidatingAdmissionPolicy"));
        let others: Vec<&str> = others.take(5).collect();
        anyhow::bail!("{} objects were not judged, such as {}: {others:#?}", silent.len(), silent[0]);
    }
    Ok(answers)
}

/// Runs a command with an input; what it wrote to stdout and to stderr.
pub(crate) fn fed(mut command: Command, input: &str) -> anyhow::Result<(String, String)> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let mut stdin = child.stdin.take().context("no stdin")?;
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    // Whoever ended early has said why.
    let _ = writer.join();
    Ok((String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?))
}

fn exported(mesh: &Mesh, configuration: &str) -> anyhow::Result<Value> {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile()?;
    std::fs::write(file.path(), configuration)?;
    let file = file.path().to_str().context("a path that is text")?;
    let flags = ["--deny", "--root-namespace", "istio-system", "-o", "json"];
    mesh.done(&[&["policy", "export", "-f", file], &flags[..]].concat())?.json()
}
