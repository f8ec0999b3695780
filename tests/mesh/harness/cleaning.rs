//! A mesh as it came up: no object of Istio's networking, every Envoy awake, every host at the origin, nothing left in a
//! proxy.

use std::collections::BTreeSet;

use anyhow::ensure;
use serde_json::{Value, json};
use testbed::bed::Signal;

use super::{BILLING, GATEWAYS, LIMIT, Mesh, Pod, SHOP, eventually, now_ms};

/// All kinds that a test may have written.
const KINDS: &str = "serviceentries.networking.istio.io,virtualservices.networking.istio.io,\
    destinationrules.networking.istio.io,gateways.networking.istio.io,sidecars.networking.istio.io";
/// What a proxy has, but for what is on its way out.
const PAGES: [&str; 3] = [
    "config_dump?resource=dynamic_listeners&mask=active_state",
    "config_dump?resource=dynamic_route_configs",
    "config_dump?resource=dynamic_active_clusters",
];

impl Mesh {
    /// Makes the mesh as it was when it came up, and waits until the proxies have forgotten everything.
    pub(crate) fn clean(&self) -> anyhow::Result<()> {
        self.resume()?;
        self.bed().zone().save(self.bed().zone_file())?;
        let listed = self.bed().kubectl(&["get", KINDS, "--all-namespaces", "--output=json"])?;
        let objects: Vec<Value> =
            serde_json::from_str::<Value>(&listed)?["items"].as_array().cloned().unwrap_or_default();
        if objects.is_empty() {
            return Ok(());
        }
        let mut hosts: BTreeSet<String> = objects.iter().flat_map(hosts).collect();
        // Of a pair that serves every host the proxies have the subset.
        hosts.insert("|mesh|".to_owned());
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        self.bed().kubectl_with_input(&["delete", "--wait=false", "--filename=-"], &list.to_string())?;
        for pod in proxies() {
            eventually(&format!("the proxy of {pod} to forget"), LIMIT, || {
                let known = self.admin(pod)?;
                let left: Vec<_> = hosts.iter().filter(|host| known.contains(*host)).collect();
                ensure!(left.is_empty(), "it still has {left:?}");
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Lets every Envoy go on.
    pub(crate) fn resume(&self) -> anyhow::Result<()> {
        proxies().try_for_each(|pod| self.bed().signal_envoy(pod.namespace, pod.name, Signal::CONT))
    }

    /// Writes objects and waits until every proxy has them, without a call that could show it.
    pub(crate) fn apply_everywhere(&self, objects: &str) -> anyhow::Result<()> {
        self.apply(objects)?;
        // istiod sends this together with what came before it, or later.
        let last = format!("last-{}.example.test", now_ms());
        self.apply(&format!(
            "{{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {{name: last, namespace: default}}, \
             spec: {{hosts: [{last}], exportTo: ['*'], location: MESH_EXTERNAL, resolution: DNS, \
             ports: [{{number: 80, name: http, protocol: HTTP}}]}}}}"
        ))?;
        proxies().try_for_each(|pod| {
            eventually(&format!("the proxy of {pod} to have the objects"), LIMIT, || {
                ensure!(self.admin(pod)?.contains(&last), "it has not");
                Ok(())
            })
        })?;
        self.delete("serviceentries", "last", "default")
    }

    fn admin(&self, pod: Pod) -> anyhow::Result<String> {
        let mut curl = self.bed().exec_in_pod(pod.namespace, pod.name, "curl")?;
        curl.args(["--silent", "--show-error", "--fail", "--max-time", "5"]);
        let output = curl.args(PAGES.map(|page| format!("http://127.0.0.1:15000/{page}"))).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }
}

fn proxies() -> impl Iterator<Item = Pod> {
    GATEWAYS.into_iter().chain([SHOP, BILLING])
}

/// The hosts that an object brings into proxies; services of the cluster are there without it.
fn hosts(object: &Value) -> Vec<String> {
    let hosts = object["spec"]["hosts"].as_array().into_iter().flatten().filter_map(Value::as_str);
    hosts.filter(|host| *host != "*" && !host.ends_with(".cluster.local")).map(str::to_owned).collect()
}
