//! The forms that are compared, and the objects of each. Knows what the plugin writes by itself and what is made from it.

use std::{fmt, path::Path};

use anyhow::{Context as _, ensure};
use serde::Deserialize as _;
use serde_json::Value;
use testbed::bed::Bed;

use super::static_form;

/// The namespace of the callers.
pub(super) const NAMESPACE: &str = "shop";

/// A way to lead callers to a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A VirtualService leads to the gateway.
    Shared,
    /// The gateway's Service is the endpoint of the host, by its name.
    Endpoints,
    /// The gateway's pods are the endpoints of the host, by their labels.
    Static,
}

impl Form {
    pub(super) const ALL: [Form; 3] = [Form::Shared, Form::Endpoints, Form::Static];

    /// The layout by which the plugin writes it, if it does.
    pub(super) fn layout(self) -> Option<&'static str> {
        match self {
            Form::Shared => Some("shared"),
            Form::Endpoints => Some("endpoints"),
            Form::Static => None,
        }
    }

    /// All objects of these hosts, in the order of writing.
    pub(super) fn objects(self, bed: &Bed, plugin: &Path, hosts: &[String]) -> anyhow::Result<Vec<Value>> {
        let mut command = bed.command(plugin);
        command.arg("add").args(hosts).args(["-n", NAMESPACE, "--dry-run=client", "-o", "yaml"]);
        command.args(["--layout", self.layout().unwrap_or("endpoints")]);
        let output = command.output().context("running the plugin")?;
        ensure!(output.status.success(), "add: {}", String::from_utf8_lossy(&output.stderr).trim());
        let objects = documents(&String::from_utf8(output.stdout)?)?;
        if self == Form::Static { static_form::of(&objects) } else { Ok(objects) }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Form::Shared => "shared",
            Form::Endpoints => "endpoints, by DNS",
            Form::Static => "endpoints, by labels",
        })
    }
}

/// The documents of a text.
pub(super) fn documents(text: &str) -> anyhow::Result<Vec<Value>> {
    let documents = serde_yaml::Deserializer::from_str(text).map(Value::deserialize);
    let values = documents.collect::<Result<Vec<_>, _>>()?;
    Ok(values.into_iter().filter(|value| !value.is_null()).collect())
}
