//! What `add` is to do.

use egress_cluster::config::ConnectOptions;
use egress_core::host::quoted;
use egress_core::intent::{GatewayName, GatewayTls, Layout, WordError, is_label};
use egress_core::target::Target;
use egress_render::format::OutputFormat;

use super::policies::PolicySettings;
use super::writing::Writing;
use super::{checked_namespace, connection, hosts, output};
use crate::cli;
use crate::exit::Failure;
use crate::terminal::Terminal;

/// What `add` is to do.
#[derive(Clone, Debug)]
pub struct Add {
    /// The hosts, each once, at least one.
    pub targets: Vec<Target>,
    /// The namespace whose pods call out; `None`: the namespace of the kubeconfig's context.
    pub namespace: Option<String>,
    /// The gateway, if the user named one.
    pub gateway: Option<GatewayName>,
    /// Which objects are written.
    pub layout: Layout,
    /// How HTTP travels to the gateway.
    pub hop: GatewayTls,
    /// Who may use the egress.
    pub export_to: Vec<String>,
    /// Why it is needed.
    pub reason: Option<String>,
    /// Take over fields of other managers.
    pub force_conflicts: bool,
    /// The format of the result.
    pub output: Option<OutputFormat>,
    /// For real or not, and with which proof.
    pub writing: Writing,
    /// Which policies are asked.
    pub policies: PolicySettings,
    /// Which cluster, as whom.
    pub connection: ConnectOptions,
}

/// The longest reason: `list` has a column for it.
const LONGEST_REASON: usize = 1024;
impl Add {
    /// Puts the flags together and reads the files they name.
    pub fn resolve(
        typed: cli::add::Add,
        global: &cli::global::Global,
        terminal: &mut Terminal,
    ) -> Result<Self, Failure> {
        if typed.hosts.is_empty() && typed.filenames.is_empty() {
            return Err(Failure::usage(
                "expected at least one HOST or `-f FILE`, found neither",
                "type `kubectl egress add edition.cnn.com`",
            ));
        }
        let writing = Writing::resolve(&typed.change, typed.diff, terminal)?;
        let export_to = export_to(typed.export_to)?;
        (typed.layout.dialect().accept)(typed.hop, &export_to)?;
        Ok(Add {
            namespace: checked_namespace(global.namespace.clone())?,
            gateway: typed.gateway.as_deref().map(gateway).transpose()?,
            layout: typed.layout,
            hop: typed.hop,
            export_to,
            reason: typed.reason.map(reason).transpose()?,
            force_conflicts: typed.force_conflicts,
            output: output::resolve(typed.change.output.as_deref(), OutputFormat::OF_CHANGES)?,
            writing,
            policies: PolicySettings::resolve(typed.policies, typed.explain)?,
            connection: connection::resolve(&global.connection),
            targets: hosts::read(&typed.hosts, &typed.filenames, terminal)?,
        })
    }
}

fn gateway(text: &str) -> Result<GatewayName, Failure> {
    let refused = |error: WordError| {
        Failure::usage(format!("`--gateway`: {error}"), "type `--gateway istio-system/istio-egressgateway`")
    };
    text.parse().map_err(refused)
}

pub(super) fn export_to(mut namespaces: Vec<String>) -> Result<Vec<String>, Failure> {
    if let Some(bad) = namespaces.iter().find(|name| !matches!(name.as_str(), "." | "*") && !is_label(name)) {
        return Err(Failure::usage(
            format!("`--export-to`: expected `.`, `*` or the name of a namespace, found {}", quoted(bad)),
            "type `--export-to .` for the namespace itself",
        ));
    }
    namespaces.sort();
    namespaces.dedup();
    if namespaces.len() > 1 && namespaces.iter().any(|name| name == "*") {
        return Err(Failure::usage(
            "`--export-to`: `*` is every namespace and stands alone",
            "type `--export-to '*'`, or name the namespaces without it",
        ));
    }
    Ok(namespaces)
}

pub(super) fn reason(text: String) -> Result<String, Failure> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > LONGEST_REASON || text.chars().any(char::is_control) {
        return Err(Failure::usage(
            format!(
                "`--reason`: expected one line of at most {LONGEST_REASON} characters, found {}",
                quoted(&text)
            ),
            "type `--reason 'TICKET-1: news ticker'`",
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use egress_core::dialect;
    use egress_core::metadata::Record;
    use egress_core::snapshot::{GatewayFacts, MeshFacts};

    use super::*;

    /// Tries every combination that a layout does not support. A policy or an existing egress may cause the same
    /// combination later: the user must then read the same message.
    #[test]
    fn flags_that_contradict_each_other_are_refused_in_the_words_of_the_layout() {
        let gateway = GatewayFacts::stock();
        let target: Target = "edition.cnn.com".parse().unwrap();
        for layout in Layout::ALL {
            for hop in [GatewayTls::Mtls, GatewayTls::Plain] {
                for export_to in [vec!["."], vec!["*"], vec![".", "billing"]] {
                    let intent = egress_core::intent::Intent {
                        host: target.host.clone(),
                        ports: target.ports.clone(),
                        namespace: "shop".to_owned(),
                        gateway: gateway.name.clone(),
                        layout,
                        hop,
                        export_to: export_to.into_iter().map(str::to_owned).collect(),
                        reason: None,
                    };
                    let typed = (layout.dialect().accept)(hop, &intent.export_to)
                        .map_err(Failure::from)
                        .err()
                        .map(|failure| failure.message);
                    let names = egress_core::names::ChosenNames::default();
                    let record = Record { intent, names, added_at: None, added_by: None };
                    let later = dialect::build(&record, &gateway, &MeshFacts::default()).err();
                    assert_eq!(typed, later.map(|refusal| refusal.to_string()));
                }
            }
        }
    }
}
