//! Finds the source of istiod's mesh configuration, from its Deployment.
//!
//! Knows istiod's flags and variables: `pilot/cmd/pilot-discovery/app/cmd.go`, `pilot/pkg/bootstrap` and `pilot/pkg/features`
//! of Istio. Reads nothing.

use std::collections::BTreeSet;

use egress_core::input::Input;
use egress_core::kubernetes::{Container, PodSpec, Volume, Workload};
use egress_core::unreadable::Unreadable;

/// The ConfigMap of an istiod without a revision; with one, `istio-REVISION`: `getMeshConfigMapName` in
/// `pilot/pkg/bootstrap/mesh.go`.
const NAME: &str = "istio";
/// The ConfigMap for fields that the other does not set.
const SHARED: &str = "SHARED_MESH_CONFIG";
/// The folder of the file that istiod prefers to its ConfigMap.
const FOLDER: &str = "/etc/istio/config";

/// The configuration sources in the Deployments of one namespace.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Istiods {
    /// Whether there is one.
    pub(super) any: bool,
    /// The ConfigMaps with their configurations.
    pub(super) own: BTreeSet<String>,
    /// The ConfigMaps for fields that those do not set.
    pub(super) shared: BTreeSet<String>,
    /// Configurations that are not in a ConfigMap of this namespace.
    pub(super) hidden: Vec<Unreadable>,
}

impl Istiods {
    /// Reads the Deployments of a namespace.
    pub(super) fn of(namespace: &str, deployments: Vec<Workload>) -> Self {
        let mut all = Istiods { any: !deployments.is_empty(), ..Istiods::default() };
        for deployment in deployments {
            let name = deployment.metadata.name.unwrap_or_default();
            let what = format!("the mesh configuration of deployment/{name}");
            let Some(spec) = deployment.spec.and_then(|spec| spec.template.spec) else { continue };
            for container in &spec.containers {
                if let Err(why) = all.learn(namespace, &spec, container) {
                    let hidden = Unreadable::new(Input::Mesh, what.as_str(), why);
                    all.hidden.push(hidden.in_namespace(namespace));
                }
            }
        }
        all
    }

    fn learn(&mut self, namespace: &str, spec: &PodSpec, container: &Container) -> Result<(), String> {
        self.shared.extend(variable(container, SHARED)?);
        let revision = match flag(container, &["--revision"]) {
            Some(revision) => Some(revision),
            None => variable(container, "REVISION")?,
        };
        let own = match revision.as_deref() {
            None | Some("" | "default") => NAME.to_owned(),
            Some(revision) => format!("{NAME}-{revision}"),
        };
        if let Some(file) = flag(container, &["--meshConfig"]) {
            return Err(format!("it is file {file} of its pods"));
        }
        let elsewhere = match flag(container, &["--namespace", "-n"]) {
            Some(elsewhere) => Some(elsewhere),
            // The chart sets it from the pod's namespace: this one.
            None => literal(container, "POD_NAMESPACE"),
        };
        if let Some(elsewhere) = elsewhere.filter(|elsewhere| elsewhere != namespace) {
            return Err(format!("it is in namespace {elsewhere}"));
        }
        match mounted(spec, container) {
            // Older charts mount the same ConfigMap that istiod reads anyway.
            Some(volume) => match volume.config_map.as_ref() {
                Some(map) => drop(self.own.insert(map.name.clone())),
                None => return Err(format!("it is in volume {} of its pods", volume.name)),
            },
            None => drop(self.own.insert(own)),
        }
        Ok(())
    }
}

/// The value of a variable. A value from another object is an error, since it is unknown.
fn variable(container: &Container, name: &str) -> Result<Option<String>, String> {
    let found = container.env.iter().flatten().find(|variable| variable.name == name);
    match found.map(|variable| (&variable.value, &variable.value_from)) {
        Some((None, Some(_))) => Err(format!("its variable {name} is taken from another object")),
        _ => Ok(literal(container, name)),
    }
}

fn literal(container: &Container, name: &str) -> Option<String> {
    let found = container.env.iter().flatten().find(|variable| variable.name == name);
    found.and_then(|variable| variable.value.clone()).filter(|value| !value.is_empty())
}

/// `--name=value` or `--name value`.
fn flag(container: &Container, names: &[&str]) -> Option<String> {
    let mut words = container.command.iter().flatten().chain(container.args.iter().flatten());
    while let Some(word) = words.next() {
        if names.contains(&word.as_str()) {
            return words.next().cloned();
        }
        let value = |name: &&str| word.strip_prefix(name)?.strip_prefix('=').map(str::to_owned);
        if let Some(value) = names.iter().find_map(value) {
            return Some(value);
        }
    }
    None
}

/// The volume mounted at the path that istiod reads first.
fn mounted<'a>(spec: &'a PodSpec, container: &Container) -> Option<&'a Volume> {
    let mut mounts = container.volume_mounts.iter().flatten();
    let mount = mounts.find(|mount| mount.mount_path.trim_end_matches('/') == FOLDER)?;
    spec.volumes.iter().flatten().find(|volume| volume.name == mount.name)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(container: Value, volumes: &Value) -> Istiods {
        let mut container = container;
        container["name"] = json!("discovery");
        let spec = json!({"containers": [container], "volumes": volumes});
        let deployment =
            json!({"metadata": {"name": "istiod"}, "spec": {"selector": {}, "template": {"spec": spec}}});
        Istiods::of("istio-system", vec![serde_json::from_value(deployment).unwrap()])
    }

    fn own(istiods: &Istiods) -> Vec<&str> {
        assert_eq!(istiods.hidden, Vec::new());
        istiods.own.iter().map(String::as_str).collect()
    }

    #[test]
    fn the_config_map_is_that_of_the_revision() {
        let none = json!([]);
        assert_eq!(own(&told(json!({}), &none)), ["istio"]);
        let variable = json!({"env": [{"name": "REVISION", "value": "1-31"}]});
        assert_eq!(own(&told(variable, &none)), ["istio-1-31"]);
        let flag = json!({"args": ["discovery", "--revision", "canary"], "env": [{"name": "REVISION", "value": "x"}]});
        assert_eq!(own(&told(flag, &none)), ["istio-canary"]);
    }

    #[test]
    fn a_file_comes_before_the_config_map() {
        let container =
            json!({"volumeMounts": [{"name": "config-volume", "mountPath": "/etc/istio/config/"}]});
        let volume = json!([{"name": "config-volume", "configMap": {"name": "ours"}}]);
        assert_eq!(own(&told(container.clone(), &volume)), ["ours"]);
        let volume = json!([{"name": "config-volume", "secret": {"secretName": "ours"}}]);
        assert_eq!(told(container, &volume).hidden[0].why, "it is in volume config-volume of its pods");
        let file = told(json!({"args": ["discovery", "--meshConfig=/mesh.yaml"]}), &json!([]));
        assert_eq!(file.hidden[0].why, "it is file /mesh.yaml of its pods");
    }

    #[test]
    fn what_nobody_sees_is_told() {
        let from = json!({"configMapKeyRef": {"name": "a", "key": "b"}});
        let shared = told(json!({"env": [{"name": "SHARED_MESH_CONFIG", "valueFrom": from}]}), &json!([]));
        assert_eq!(
            shared.hidden[0].what,
            "the mesh configuration of deployment/istiod in namespace istio-system"
        );
        let elsewhere = told(json!({"args": ["discovery", "-n", "elsewhere"]}), &json!([]));
        assert_eq!(elsewhere.hidden[0].why, "it is in namespace elsewhere");
        let chart = json!({"env": [{"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}]});
        assert_eq!(own(&told(chart, &json!([]))), ["istio"]);
    }
}
