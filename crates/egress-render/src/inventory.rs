//! The rows of `list`: as a table, as names, and as a versioned document.
//!
//! Knows columns and words. Which egresses there are and in which state was decided in `egress_core::inventory`.

use egress_core::inventory::{Change, Row, State};
use egress_core::resource::ObjectId;
use egress_core::role::Kind;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::duration::age;
use crate::error::RenderError;
use crate::escape::escape;
use crate::table::Table;

/// The version of the documents that this crate writes; their schemas are in `docs/schema`.
pub const API_VERSION: &str = "kubectl-egress.github.io/v1alpha1";
/// Names of nodes that are longer together are counted instead.
const NODES_WIDTH: usize = 20;

/// What a table of egresses shows.
#[derive(Clone, Copy, Debug)]
pub struct Columns {
    /// The namespace, for `--all-namespaces`.
    pub namespace: bool,
    /// Everything, for `-o wide`.
    pub wide: bool,
    /// The line with the names of the columns.
    pub header: bool,
}

/// The rows as kubectl's table; no text at all where there are no rows.
pub fn table(rows: &[Row], columns: Columns, now: Timestamp) -> String {
    let mut header = vec!["HOST", "PORTS", "GATEWAY", "NODES", "STATE", "AGE"];
    if columns.namespace {
        header.insert(0, "NAMESPACE");
    }
    if columns.wide {
        header.extend(["LAYOUT", "HOP", "OBJECTS", "REASON", "ADDED-BY"]);
    }
    let mut table = Table::new(header);
    for row in rows {
        let mut cells = Vec::new();
        if columns.namespace {
            cells.push(row.namespace.clone());
        }
        cells.extend([
            row.host.clone(),
            ports(row, columns.wide),
            gateway(row, columns.wide),
            nodes(row, columns.wide),
            state(&row.state),
            age(row.created, now),
        ]);
        if columns.wide {
            cells.extend([
                row.layout.map(|layout| layout.to_string()).unwrap_or_default(),
                row.hop.map(|hop| hop.to_string()).unwrap_or_default(),
                row.objects.iter().map(short).collect::<Vec<_>>().join(","),
                row.reason.clone().unwrap_or_default(),
                row.added_by.clone().unwrap_or_default(),
            ]);
        }
        table.push(cells);
    }
    table.render(columns.header)
}

/// The rows as `namespace/host`, one a line.
pub fn names(rows: &[Row]) -> String {
    let name = |row: &Row| format!("{}/{}\n", escape(&row.namespace), escape(&row.host));
    rows.iter().map(name).collect::<Vec<_>>().concat()
}

/// The rows as the document `EgressList`; what is not known is left out.
///
/// # Errors
/// [`RenderError::Json`] when a row cannot be written.
pub fn document(rows: &[Row]) -> Result<Value, RenderError> {
    let items: Result<Vec<Value>, RenderError> = rows.iter().map(item).collect();
    Ok(json!({ "apiVersion": API_VERSION, "kind": "EgressList", "items": items? }))
}

/// What a state is called in a table.
pub fn state(state: &State) -> String {
    match state {
        State::Ready => "ready".to_owned(),
        State::Foreign => "foreign".to_owned(),
        State::Incomplete { missing } => match missing.as_slice() {
            [] => "incomplete".to_owned(),
            [object] => format!("incomplete: {} missing", object_name(object)),
            [object, others @ ..] => {
                format!("incomplete: {} and {} more missing", object_name(object), others.len())
            }
        },
        State::Changed { changes } => changed(changes),
    }
}

fn changed(changes: &[Change]) -> String {
    let mut managers: Vec<&str> =
        changes.iter().flat_map(|change| &change.managers).map(String::as_str).collect();
    managers.sort_unstable();
    managers.dedup();
    match (managers.as_slice(), changes) {
        ([], []) => "changed".to_owned(),
        ([], [change, ..]) => format!("changed: {}", object_name(&change.object)),
        (managers, _) => format!("changed: by {}", managers.join(",")),
    }
}

/// `443/TLS` in full, the number alone where space is short; ordered by number.
fn ports(row: &Row, wide: bool) -> String {
    let number = |port: &str| port.split('/').next().unwrap_or_default().to_owned();
    let mut ports: Vec<String> = row.ports.iter().cloned().collect();
    ports.sort_by_key(|port| (number(port).parse::<u16>().unwrap_or(u16::MAX), port.clone()));
    if !wide {
        ports = ports.iter().map(|port| number(port)).collect();
        ports.dedup();
    }
    ports.join(",")
}

fn gateway(row: &Row, wide: bool) -> String {
    match &row.gateway {
        None => String::new(),
        Some(gateway) if wide => gateway.to_string(),
        Some(gateway) => gateway.service.clone(),
    }
}

fn nodes(row: &Row, wide: bool) -> String {
    let names: Vec<&str> = row.nodes.iter().map(String::as_str).collect();
    let all = names.join(",");
    match names.as_slice() {
        [first, others @ ..] if !wide && !others.is_empty() && all.len() > NODES_WIDTH => {
            format!("{first} + {} more", others.len())
        }
        _ => all,
    }
}

fn object_name(object: &ObjectId) -> String {
    format!("{}/{}", object.kind.to_string().to_ascii_lowercase(), object.name)
}

/// As short as kubectl takes it: these are the short names of Istio's definitions.
fn short(object: &ObjectId) -> String {
    let kind = match object.kind {
        Kind::ServiceEntry => "se",
        Kind::VirtualService => "vs",
        Kind::DestinationRule => "dr",
        Kind::Gateway => "gw",
        Kind::Sidecar => "sidecar",
    };
    format!("{kind}/{}", object.name)
}

fn item(row: &Row) -> Result<Value, RenderError> {
    let mut item = serde_json::to_value(row)?;
    if let Value::Object(fields) = &mut item {
        fields.retain(|_, value| !value.is_null());
    }
    Ok(item)
}
