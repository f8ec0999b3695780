//! The result of a marked request, after everything else.
//!
//! Knows layout only.

use egress_diagnose::finding::Confidence;
use egress_diagnose::finding::Level;
use egress_diagnose::probe::{Probe, ProbePoint, ProbeResult};

use super::page::{Mark, Page};

/// Writes it, if one was sent.
pub(super) fn write(page: &mut Page<'_>, probe: Option<&Probe>) {
    let Some(probe) = probe else { return };
    let Probe { host, port, client, token, because, .. } = probe;
    page.gap();
    page.title(&format!("probe of {host}:{port} from {client}"));
    let mark = match probe.result {
        ProbeResult::Proven => Mark::Good,
        ProbeResult::LeftDirectly | ProbeResult::Diverted | ProbeResult::Lost => Mark::Wrong(Level::Error),
        ProbeResult::NotProven => Mark::Unknown,
    };
    let sure = match probe.confidence {
        Confidence::Certain => "",
        Confidence::Inferred => " (inferred: others may call at the same time)",
    };
    page.marked(mark, &format!("{}: {because}{sure}", headline(probe)));
    for fact in &probe.evidence {
        page.wrapped("    ", fact);
    }
    page.wrapped("    ", &format!("its mark: {token}"));
}

/// The result in a few words.
pub fn headline(probe: &Probe) -> String {
    match probe.result {
        ProbeResult::Proven => "proven".to_owned(),
        ProbeResult::LeftDirectly => "left directly".to_owned(),
        ProbeResult::Diverted => "diverted at the gateway".to_owned(),
        ProbeResult::Lost => format!("vanished {}", probe.lost_at.map_or("on the way", ProbePoint::wording)),
        ProbeResult::NotProven => "not proven".to_owned(),
    }
}
