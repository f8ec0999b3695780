//! `cargo xtask demo`: the main job, told in the terminal, on a real mesh on this machine.
//!
//! A host is refused, opened, called, looked at and closed again. Every step says what must come of it: the demo is a
//! test that can be read. Knows its steps, and nothing of how the mesh is made.

mod script;

use std::{thread, time::Duration};

use anyhow::{Context as _, anyhow, ensure};
use clap::Args;
use serde_json::Value;
use testbed::{
    bed::{self, Bed, Topology},
    timed::timed,
};

use self::script::{Script, note, say};
use crate::{
    plugin::{self, Profile},
    terminal,
};

/// Said before anything is done.
const BEGINNING: &str = "\
The demo builds kubectl-egress, a real Kubernetes, istiod and Envoy, starts them in network namespaces of this machine,
and shows the main job on them. The first time it takes about twelve minutes on two processors, later half a minute.";

const NAME: &str = "demo";
const GATEWAYS: &str = "istio-system";
const KINDS: &str = "serviceentries,virtualservices,destinationrules,gateways";

/// How to end.
#[derive(Debug, Args)]
pub struct Options {
    /// Leave the mesh up, to play with it
    #[arg(long)]
    keep: bool,
}

/// Runs every step; fails if one has another result.
pub fn run(options: &Options) -> anyhow::Result<()> {
    terminal::progress(BEGINNING);
    // What is missing is said before anything long begins.
    bed::check()?;
    let topology = Topology::standard()?;
    // Side by side: where one waits for its linker, the other compiles.
    let (plugin, prepared) = thread::scope(|scope| {
        let prepared = scope.spawn(bed::prepare);
        let plugin = plugin::build(Profile::Debug);
        (plugin, prepared.join().unwrap_or_else(|_| Err(anyhow!("building the bed panicked"))))
    });
    let plugin = plugin?;
    prepared?;
    let bed = timed("starting Kubernetes, istiod and the proxies", Duration::from_secs(15), || {
        Bed::up(NAME, &topology)
    })?;
    let ending = tell(&Script::new(&bed, &plugin)?);
    if options.keep {
        terminal::progress(format_args!(
            "The mesh is still up. A shell in it: cargo xtask bed run --name {NAME} -- env PATH={}:$PATH bash\n\
             To end it: cargo xtask bed down --name {NAME}",
            plugin.parent().unwrap_or(&plugin).display()
        ));
    } else {
        bed.down()?;
    }
    ending
}

fn tell(script: &Script<'_>) -> anyhow::Result<()> {
    say("An egress gateway with a pod on each infra node, and an application in namespace shop:")?;
    script.run(&[
        "get",
        "pods",
        "-A",
        "-o",
        "custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,NODE:.spec.nodeName",
    ])?;

    say("The mesh lets nothing out that it does not know. The application calls, and is refused:")?;
    let refused = call(script, "http")?;
    ensure!(refused.status == "502", "expected 502 before the host is added, found {}", refused.status);

    say("One command opens the host for the pods of shop, and proves each step before it takes the next:")?;
    script.run(&[
        "egress",
        "add",
        "edition.cnn.com",
        "-n",
        "shop",
        "--reason",
        "the news ticker",
        "--yes",
    ])?;

    say("The same call is answered. The host saw the address of the gateway, not that of the application:")?;
    left_through_gateway(script, &call(script, "http")?)?;
    say("So is a call inside TLS, which the gateway passes through unopened:")?;
    left_through_gateway(script, &call(script, "https")?)?;

    say("What may leave, from where, through which nodes:")?;
    let listed = script.run(&["egress", "list", "-n", "shop"])?;
    ensure!(listed.contains("edition.cnn.com"), "expected edition.cnn.com in the list");
    say("Every hop of the path, checked in the proxies themselves:")?;
    script.run(&["egress", "diagnose", "edition.cnn.com", "-n", "shop"])?;

    say(
        "And back, in the reverse order; --prune takes the two objects along that all hosts of a gateway share:",
    )?;
    script.run(&["egress", "remove", "edition.cnn.com", "-n", "shop", "--prune", "--yes"])?;
    let refused = call(script, "http")?;
    ensure!(refused.status == "502", "expected 502 after the host is removed, found {}", refused.status);
    let left = script.ask(&[
        "get",
        KINDS,
        "-A",
        "-l",
        "app.kubernetes.io/managed-by=kubectl-egress",
        "-o",
        "name",
    ])?;
    ensure!(left.is_empty(), "expected no object to be left, found {left}");
    say("As before: the host is refused, and no object is left.")
}

/// The answer to one call.
struct CallResult {
    status: String,
    body: String,
}

/// Calls the host from the application.
fn call(script: &Script<'_>, scheme: &str) -> anyhow::Result<CallResult> {
    let url = format!("{scheme}://edition.cnn.com/");
    let authority = script.authority();
    let curl = ["exec", "-n", "shop", "client", "-c", "app", "--", "curl", "-sS", "-w", "%{http_code}\\n"];
    let trust = ["--cacert", authority.as_str()];
    let trust = if scheme == "https" { trust.as_slice() } else { &[] };
    let printed = script.run(&[&curl, trust, &[url.as_str()]].concat())?;
    // The host ends its answer with a newline; a refusal has no answer.
    let (body, status) = printed.trim_end().rsplit_once('\n').unwrap_or(("", printed.trim_end()));
    Ok(CallResult { status: status.to_owned(), body: body.to_owned() })
}

fn left_through_gateway(script: &Script<'_>, answer: &CallResult) -> anyhow::Result<()> {
    ensure!(answer.status == "200", "expected 200, found {}", answer.status);
    let seen: Value =
        serde_json::from_str(&answer.body).context("the host did not answer with what it saw")?;
    let peer = seen["peer"].as_str().context("the host did not say who called")?;
    let pods: Value = serde_json::from_str(&script.ask(&["get", "pods", "-n", GATEWAYS, "-o", "json"])?)?;
    let pods = pods["items"].as_array().context("kubectl listed no pods")?;
    let gateway = pods.iter().find(|pod| pod["status"]["podIP"] == peer).with_context(|| {
        format!("expected the call to leave from a gateway pod, found {peer}: it left around the gateway")
    })?;
    let (name, node) = (&gateway["metadata"]["name"], &gateway["spec"]["nodeName"]);
    note(&format!(
        "{peer} is {} on node {}",
        name.as_str().unwrap_or_default(),
        node.as_str().unwrap_or_default()
    ))
}
