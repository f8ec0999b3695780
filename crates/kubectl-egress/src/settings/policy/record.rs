//! What `policy record` is to do.

use std::path::PathBuf;

use egress_cluster::config::ConnectOptions;
use egress_core::intent::{GatewayTls, Layout};
use egress_core::target::Target;
use egress_render::format::OutputFormat;
use serde_json::Value;

use super::file::{self, ModuleFile};
use super::of_user;
use crate::cli;
use crate::exit::Failure;
use crate::settings::policies::PolicySettings;
use crate::settings::{add, checked_namespace, connection, hosts, output};
use crate::terminal::Terminal;
use egress_policy_test::redact::Redaction;

/// What `policy record` is to do.
#[derive(Clone, Debug)]
pub struct Record {
    /// The module.
    pub module: ModuleFile,
    /// Its settings, as the test contains them; `None`: none.
    pub settings: Option<Value>,
    /// The hosts.
    pub targets: Vec<Target>,
    /// The namespace whose pods call out; `None`: that of the kubeconfig's context.
    pub namespace: Option<String>,
    /// Which objects.
    pub layout: Layout,
    /// How HTTP travels to the gateway.
    pub hop: GatewayTls,
    /// Who may use the egress.
    pub export_to: Vec<String>,
    /// Why it is needed.
    pub reason: Option<String>,
    /// What to replace.
    pub redaction: Redaction,
    /// The format of the test.
    pub output: OutputFormat,
    /// Where to cache native code.
    pub policies: PolicySettings,
    /// Which cluster, as whom.
    pub connection: ConnectOptions,
}

impl Record {
    /// Puts the flags together and reads the files they name.
    pub fn resolve(
        typed: cli::policy::record::Record,
        global: &cli::global::Global,
        terminal: &mut Terminal,
    ) -> Result<Self, Failure> {
        use cli::policy::record::Secret;
        let export_to = add::export_to(typed.export_to)?;
        (typed.layout.dialect().accept)(typed.hop, &export_to)?;
        let output = output::resolve(Some(&typed.output), &["json", "yaml"])?;
        let redacted = |secret| typed.redact.contains(&secret);
        Ok(Record {
            module: ModuleFile::read(&PathBuf::from(&typed.module))?,
            settings: typed.settings.as_deref().map(file::document).transpose()?,
            targets: hosts::read(&typed.hosts, &[], terminal)?,
            namespace: checked_namespace(global.namespace.clone())?,
            layout: typed.layout,
            hop: typed.hop,
            export_to,
            reason: typed.reason.map(add::reason).transpose()?,
            redaction: Redaction {
                hosts: redacted(Secret::Hosts),
                labels: redacted(Secret::Labels),
                names: redacted(Secret::Names),
            },
            output: output.unwrap_or(OutputFormat::Yaml),
            policies: of_user()?,
            connection: connection::resolve(&global.connection),
        })
    }
}
