//! What `policy export` is to do.

use std::collections::BTreeSet;
use std::path::PathBuf;

use egress_cluster::config::ConnectOptions;
use egress_core::admission::Enforcement;
use egress_core::host::quoted;
use egress_core::intent::is_label;
use egress_render::format::OutputFormat;

use crate::cli;
use crate::exit::Failure;
use crate::settings::{connection, output};

/// What `policy export` is to do.
#[derive(Clone, Debug)]
pub struct Export {
    /// The configuration; `None`: the cluster's.
    pub file: Option<PathBuf>,
    /// Whether the API server warns or denies when a request breaks a rule.
    pub enforcement: Enforcement,
    /// The mesh's root namespace; `None`: as the cluster says.
    pub root_namespace: Option<String>,
    /// Namespaces of egress gateways, in addition to those of the cluster.
    pub gateway_namespaces: BTreeSet<String>,
    /// The format of the objects.
    pub output: OutputFormat,
    /// Which cluster, as whom.
    pub connection: ConnectOptions,
}

impl Export {
    /// Puts the flags together.
    pub fn resolve(
        typed: cli::policy::export::Export,
        global: &cli::global::Global,
    ) -> Result<Self, Failure> {
        let gateways = typed.gateway_namespace.into_iter().map(|name| namespace("--gateway-namespace", name));
        let output = output::resolve(Some(&typed.output), OutputFormat::OF_REPORTS)?;
        Ok(Export {
            file: typed.filename,
            enforcement: if typed.deny { Enforcement::Deny } else { Enforcement::Warn },
            root_namespace: typed
                .root_namespace
                .map(|name| namespace("--root-namespace", name))
                .transpose()?,
            gateway_namespaces: gateways.collect::<Result<_, _>>()?,
            output: output.unwrap_or(OutputFormat::Yaml),
            connection: connection::resolve(&global.connection),
        })
    }
}

fn namespace(flag: &str, name: String) -> Result<String, Failure> {
    if is_label(&name) {
        return Ok(name);
    }
    Err(Failure::usage(
        format!("`{flag}`: expected at most 63 lower case letters, digits and `-`, found {}", quoted(&name)),
        "type `kubectl get namespaces` for the existing names",
    ))
}
