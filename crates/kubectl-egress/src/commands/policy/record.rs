//! `policy record`: writes a request from the current cluster, and the module's answers, as a test file.

use std::sync::Arc;

use anyhow::Context as _;
use egress_cluster::Cluster;
use egress_cluster::fetch::{Namespaces, Scope};
use egress_core::inventory;
use egress_policy::Policy as _;
use egress_policy::descriptor::Need;
use egress_policy::request::Request;
use egress_policy::request_builder::{self, Facts, RequestedEgress};
use egress_policy::settings::canonical;
use egress_policy_wasm::Module;
use jiff::Timestamp;

use super::module;
use crate::commands::document;
use crate::exit::Code;
use crate::settings::policy::record::Record;
use crate::terminal::Terminal;
use egress_policy_test::recorded;

/// Records.
pub(super) async fn run(settings: &Record, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let module = module::load(&settings.module, &settings.policies, terminal)?;
    let cluster = Cluster::connect(&settings.connection).await?;
    let namespace = settings.namespace.clone().unwrap_or_else(|| cluster.default_namespace().to_owned());
    let request = settings.redaction.redact(&request(settings, &namespace, &module, &cluster).await?);
    let told = settings.settings.as_ref().map_or_else(|| "{}".to_owned(), canonical);
    let case = recorded::file(&settings.module.name, settings.settings.as_ref(), &module, request, &told)?;
    terminal.result(&document::text(&case, &settings.output)?)?;
    Ok(Code::Done)
}

/// What `add` would ask this module.
async fn request(
    settings: &Record,
    namespace: &str,
    module: &Module,
    cluster: &Cluster,
) -> anyhow::Result<Request> {
    let needs = &module.descriptor().needs;
    let wants = |need: Need| needs.contains(&need);
    let mut facts = Facts { cluster: cluster.server().to_owned(), ..Facts::default() };
    facts.now = u64::try_from(Timestamp::now().as_second()).ok();
    if wants(Need::NamespaceLabels) {
        let labels = cluster.namespace_labels(namespace).await?;
        facts.namespace_labels.insert(namespace.to_owned(), labels);
    }
    if wants(Need::Nodes) {
        let nodes = cluster.nodes().await.context("the module needs the nodes")?;
        facts.nodes = Arc::new(nodes.iter().map(request_builder::node).collect());
    }
    if wants(Need::Existing) {
        let scope = Scope {
            namespaces: Namespaces::All(Vec::new()),
            gateway: None,
            nodes: false,
            root_namespace: None,
        };
        let snapshot = cluster.fetch(&scope).await?;
        facts.existing =
            Arc::new(inventory::egresses(&snapshot).iter().map(request_builder::existing).collect());
    }
    if wants(Need::User) || wants(Need::Groups) {
        let user = cluster.whoami().await;
        facts.user = user.as_ref().map(|user| user.name.clone());
        facts.groups = user.map(|user| user.groups).unwrap_or_default();
    }
    let requested = RequestedEgress {
        hosts: settings.targets.iter().map(|target| (&target.host, &target.ports)).collect(),
        namespace,
        export_to: &settings.export_to,
        layout: settings.layout,
        hop: settings.hop,
        reason: settings.reason.as_deref(),
    };
    Ok(request_builder::request("add", &requested, &facts).for_policy(needs, ""))
}
