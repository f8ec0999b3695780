//! Calls that were not followed, and why: one line for each reason.

use egress_diagnose::calls::UnfollowedCall;
use egress_diagnose::report::{FactsOrigin, Report};

use super::super::page::{Mark, Page};
use super::super::remedy;
use super::words::few;

/// Calls that were not followed for one reason.
struct Unfollowed<'a> {
    call: &'a UnfollowedCall,
    /// Empty for all.
    namespaces: Vec<String>,
    /// Empty for all.
    ports: Vec<u16>,
}

/// Writes a line for each reason.
pub(super) fn write(page: &mut Page<'_>, report: &Report, host: &str) {
    for Unfollowed { call, namespaces, ports } in
        alike(report.unfollowed.iter().filter(|call| call.host == host))
    {
        let from = if namespaces.is_empty() { String::new() } else { format!(" from {}", few(&namespaces)) };
        let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
        let to = match ports.as_slice() {
            [] => String::new(),
            [port] => format!(" to port {port}"),
            several => format!(" to ports {}", few(several)),
        };
        page.marked(Mark::Unknown, &format!("calls{from}{to} not followed, because {}", call.because));
        if let Some(remedy) = remedy(call, report.source) {
            page.remedy(&remedy);
        }
    }
}

/// Puts together the namespaces of a reason, then the ports of the same namespaces.
fn alike<'a>(calls: impl Iterator<Item = &'a UnfollowedCall>) -> Vec<Unfollowed<'a>> {
    let mut of_ports: Vec<Unfollowed<'a>> = Vec::new();
    for call in calls {
        let is_like = |known: &&mut Unfollowed<'_>| {
            (known.call.port, &known.call.because) == (call.port, &call.because)
                && known.call.namespace.is_some() == call.namespace.is_some()
        };
        match of_ports.iter_mut().find(is_like) {
            Some(known) => known.namespaces.extend(call.namespace.clone()),
            None => of_ports.push(Unfollowed {
                call,
                namespaces: call.namespace.iter().cloned().collect(),
                ports: call.port.into_iter().collect(),
            }),
        }
    }
    let mut found: Vec<Unfollowed<'a>> = Vec::new();
    for one in of_ports {
        let is_like = |known: &&mut Unfollowed<'_>| {
            known.call.because == one.call.because
                && known.namespaces == one.namespaces
                && known.ports.is_empty() == one.ports.is_empty()
        };
        match found.iter_mut().find(is_like) {
            Some(known) => known.ports.extend(one.ports),
            None => found.push(one),
        }
    }
    found
}

fn remedy(call: &UnfollowedCall, source: FactsOrigin) -> Option<String> {
    let input = call.inputs.first()?;
    Some(remedy::of_missing(remedy::origin(*input).0, &call.inputs, source))
}
