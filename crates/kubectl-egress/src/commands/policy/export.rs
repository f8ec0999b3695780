//! `policy export`: prints the built-in rules of the cluster's layer as objects for the API server.

use std::collections::BTreeSet;
use std::path::Path;

use egress_cluster::Cluster;
use egress_cluster::fetch::{Namespaces, Scope};
use egress_cluster::policy::POLICIES;
use egress_policy::config::PolicyConfig;
use egress_policy::export::{Export as Exported, ExportSource, LeftOut, OmissionEffect, export};
use egress_render::format::OutputFormat;
use egress_render::manifest;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::configuration;
use crate::commands::document;
use crate::exit::{Code, Failure};
use crate::policies::{CONFIGURATION, known_root};
use crate::settings::policy::export::Export;
use crate::settings::policy::file;
use crate::terminal::Terminal;

/// A configuration, and the facts about its mesh.
struct Configured {
    set: PolicyConfig,
    root_namespace: Option<String>,
    gateway_namespaces: BTreeSet<String>,
}

/// Exports.
pub(super) async fn run(settings: &Export, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let configured = match &settings.file {
        Some(path) => of_file(path, settings)?,
        None => of_cluster(settings).await?,
    };
    let exported = export(&ExportSource {
        set: &configured.set,
        root_namespace: configured.root_namespace.as_deref(),
        gateway_namespaces: &configured.gateway_namespaces,
        today: Timestamp::now().to_zoned(TimeZone::UTC).date(),
    })
    .map_err(|error| Failure {
        code: Code::Usage,
        message: error.to_string(),
        hint: Some("see the fields in docs/policies.md".to_owned()),
    })?;
    if exported.policy.is_none() && !exported.is_partial() {
        return Err(Failure::usage(
            "the configuration refuses no host, so there is nothing to export",
            "add a policy `builtin: rules` with `allow` or `deny`; see docs/policies.md",
        )
        .into());
    }
    print(&exported, settings, terminal)?;
    exported.left_out.iter().filter(|left_out| left_out.effect != OmissionEffect::None).for_each(
        |left_out| {
            terminal.warning(&told(left_out));
        },
    );
    if exported.policy.is_none() {
        terminal.note("nothing was exported: the API server can express no rule of the configuration");
    }
    Ok(if exported.is_partial() { Code::Unchecked } else { Code::Done })
}

/// The policy before its binding: a binding without a policy allows everything.
fn print(exported: &Exported, settings: &Export, terminal: &mut Terminal) -> anyhow::Result<()> {
    let mut objects: Vec<Value> = Vec::new();
    if let Some(policy) = &exported.policy {
        objects.push(serde_json::to_value(policy.policy())?);
        objects.push(serde_json::to_value(policy.binding(settings.enforcement))?);
    }
    let text = match &settings.output {
        OutputFormat::Yaml => manifest::yaml(&objects)?,
        format => {
            let mut list = manifest::list(&objects);
            list["leftOut"] = serde_json::to_value(&exported.left_out)?;
            document::text(&list, format)?
        }
    };
    terminal.result(&text)?;
    Ok(())
}

fn told(left_out: &LeftOut) -> String {
    let effect = match left_out.effect {
        OmissionEffect::Weaker => "weaker than the configuration",
        OmissionEffect::Stronger => "stricter than the configuration",
        OmissionEffect::None => "the same",
    };
    format!("not exported, {effect}: {}: {}", left_out.at, left_out.message)
}

fn of_file(path: &Path, settings: &Export) -> Result<Configured, Failure> {
    Ok(Configured {
        set: configuration::parse(path, &file::text(path)?)?,
        root_namespace: settings.root_namespace.clone(),
        gateway_namespaces: settings.gateway_namespaces.clone(),
    })
}

async fn of_cluster(settings: &Export) -> anyhow::Result<Configured> {
    let cluster = Cluster::connect(&settings.connection).await?;
    let scope = Scope {
        namespaces: Namespaces::Some(Vec::new()),
        gateway: None,
        nodes: false,
        root_namespace: settings.root_namespace.clone(),
    };
    let snapshot = cluster.fetch(&scope).await?;
    let root = snapshot.mesh.root_namespace.clone();
    // If the user may not read even this, report the missing permission first.
    let map = cluster.policy_map(&root).await?;
    known_root(&snapshot.mesh)?;
    let text = map.and_then(|map| map.data.get(CONFIGURATION).cloned()).ok_or_else(|| {
        Failure::usage(
            format!("there is no configmap `{POLICIES}` with key `{CONFIGURATION}` in namespace {root}"),
            "name a file: `kubectl egress policy export -f egress-policy.yaml`",
        )
    })?;
    let set =
        configuration::parse(Path::new(&format!("configmap {root}/{POLICIES}, {CONFIGURATION}")), &text)?;
    let gateways = snapshot.gateways.iter().map(|gateway| gateway.name.namespace.clone());
    Ok(Configured {
        set,
        root_namespace: Some(root),
        gateway_namespaces: gateways.chain(settings.gateway_namespaces.iter().cloned()).collect(),
    })
}
