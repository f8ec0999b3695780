//! The rows of `list`: as a table, as names, and as a versioned document.
//!
//! Knows columns and words. Which egresses there are and in which state was decided in `egress_core::inventory`.

use std::collections::BTreeSet;

use egress_core::inventory::{ChangedObject, EgressRow, State};
use egress_core::resource::ObjectId;
use egress_core::role::Kind;
use egress_policy::pinning;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::document::API_VERSION;
use crate::duration::age;
use crate::error::RenderError;
use crate::escape::escape;
use crate::table::Table;

/// Names of nodes that are longer together are counted instead.
const NODES_WIDTH: usize = 20;

/// One egress, and what the policies say about its gateway.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ListRow {
    /// The egress.
    #[serde(flatten)]
    pub egress: EgressRow,
    /// Why the gateway is not on the nodes that current policies require; `None`: no requirement, or not asked.
    #[serde(rename = "misfits")]
    pub placement_violations: Option<Vec<pinning::PlacementViolation>>,
}

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
pub fn table(rows: &[ListRow], columns: Columns, now: Timestamp) -> String {
    let mut header = vec!["HOST", "PORTS", "GATEWAY", "NODES", "STATE", "AGE"];
    if columns.namespace {
        header.insert(0, "NAMESPACE");
    }
    if columns.wide {
        header.extend(["LAYOUT", "HOP", "OPEN-TO", "OBJECTS", "REASON", "ADDED-BY", "POLICIES", "PINNED"]);
    }
    // Only `--outdated` asks what has changed in the policies since.
    let outdated = rows.iter().any(|row| !row.egress.outdated.is_empty());
    if outdated {
        header.push("OUTDATED");
    }
    let mut table = Table::new(header);
    for listed in rows {
        let row = &listed.egress;
        let mut cells = Vec::new();
        if columns.namespace {
            cells.push(row.namespace.clone());
        }
        cells.extend([
            row.host.clone(),
            ports(row, columns.wide),
            gateway(row, columns.wide),
            nodes(row, columns.wide),
            state(row),
            age(row.created, now),
        ]);
        if columns.wide {
            cells.extend([
                row.layout.map(|layout| layout.to_string()).unwrap_or_default(),
                row.hop.map(|hop| hop.to_string()).unwrap_or_default(),
                row.open_to.join("; "),
                row.objects.iter().map(short).collect::<Vec<_>>().join(","),
                row.reason.clone().unwrap_or_default(),
                row.added_by.clone().unwrap_or_default(),
                row.policies
                    .iter()
                    .map(|by| format!("{}@{}", by.name, by.version))
                    .collect::<Vec<_>>()
                    .join(","),
                pinned(listed),
            ]);
        }
        if outdated {
            cells.push(row.outdated.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
        }
        table.push(cells);
    }
    table.render(columns.header)
}

/// The rows as `namespace/host`, one a line.
pub fn names(rows: &[ListRow]) -> String {
    let name = |row: &ListRow| format!("{}/{}\n", escape(&row.egress.namespace), escape(&row.egress.host));
    rows.iter().map(name).collect::<Vec<_>>().concat()
}

/// The rows as the document `EgressList`; what is not known is left out.
///
/// # Errors
/// [`RenderError::Json`] when a row cannot be written.
pub fn document(rows: &[ListRow]) -> Result<Value, RenderError> {
    let items: Result<Vec<Value>, RenderError> = rows.iter().map(item).collect();
    Ok(json!({ "apiVersion": API_VERSION, "kind": "EgressList", "items": items? }))
}

/// What the state of a row is called in its table.
fn state(row: &EgressRow) -> String {
    match &row.state {
        State::Ready => "ready".to_owned(),
        State::Foreign => "foreign".to_owned(),
        State::Taken { by } => format!("taken: by {}", object_name(by, row)),
        State::Incomplete { missing } => match missing.as_slice() {
            [] => "incomplete".to_owned(),
            [object] => format!("incomplete: {} missing", object_name(object, row)),
            [object, others @ ..] => {
                format!("incomplete: {} and {} more missing", object_name(object, row), others.len())
            }
        },
        State::Changed { changes } => changed(changes, row),
    }
}

fn changed(changes: &[ChangedObject], row: &EgressRow) -> String {
    let managers: BTreeSet<&str> =
        changes.iter().flat_map(|change| &change.managers).map(String::as_str).collect();
    match changes.first() {
        None => "changed".to_owned(),
        Some(change) if managers.is_empty() => format!("changed: {}", object_name(&change.object, row)),
        Some(_) => format!("changed: by {}", managers.into_iter().collect::<Vec<_>>().join(",")),
    }
}

/// Whether the gateway runs where the policies demand, and else which node is the first that they do not accept.
fn pinned(row: &ListRow) -> String {
    match row.placement_violations.as_deref() {
        None => String::new(),
        Some([]) => "yes".to_owned(),
        Some([first, ..]) if first.unknown => "unknown".to_owned(),
        Some([first, ..]) => format!("no: {}", first.node.as_ref().unwrap_or(&first.missing)),
    }
}

/// `443/TLS` in full, the number alone where space is short.
fn ports(row: &EgressRow, wide: bool) -> String {
    if wide {
        return row.ports.join(",");
    }
    let mut numbers: Vec<&str> = row
        .ports
        .iter()
        .map(|port| port.split_once('/').map_or(port.as_str(), |(number, _)| number))
        .collect();
    numbers.dedup();
    numbers.join(",")
}

fn gateway(row: &EgressRow, wide: bool) -> String {
    match &row.gateway {
        None => String::new(),
        Some(gateway) if wide => gateway.to_string(),
        Some(gateway) => gateway.service.clone(),
    }
}

fn nodes(row: &EgressRow, wide: bool) -> String {
    let names: Vec<&str> = row.nodes.iter().map(String::as_str).collect();
    let all = names.join(",");
    match names.as_slice() {
        [first, others @ ..] if !wide && !others.is_empty() && all.len() > NODES_WIDTH => {
            format!("{first} + {} more", others.len())
        }
        _ => all,
    }
}

/// The namespace is told where it is not that of the row.
fn object_name(object: &ObjectId, row: &EgressRow) -> String {
    if object.namespace == row.namespace {
        format!("{}/{}", object.kind.to_string().to_ascii_lowercase(), object.name)
    } else {
        object.to_string()
    }
}

/// As short as kubectl takes it: these are the short names of Istio's definitions.
fn short(object: &ObjectId) -> String {
    let kind = match object.kind {
        Kind::ServiceEntry => "se",
        Kind::VirtualService => "vs",
        Kind::DestinationRule => "dr",
        Kind::Gateway => "gw",
        Kind::Sidecar => "sidecar",
        Kind::NetworkPolicy => "netpol",
        Kind::HttpRoute => "httproute",
    };
    format!("{kind}/{}", object.name)
}

fn item(row: &ListRow) -> Result<Value, RenderError> {
    let mut item = serde_json::to_value(row)?;
    if let Value::Object(fields) = &mut item {
        fields.retain(|_, value| !value.is_null());
    }
    Ok(item)
}
