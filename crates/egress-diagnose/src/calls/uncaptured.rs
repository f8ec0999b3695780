//! Calls that never enter the caller's sidecar, by annotations of its pod.
//!
//! Exclusions for all pods are in Istio's installation and are not known here.

use egress_core::snapshot::PodFacts;

use super::limits::Limit;
use super::{CallWay, WayResult};
use crate::finding::Place;
use crate::istio::capture::{ExcludedTraffic, capture_exclusions};

/// The way of a call that no sidecar gets; none where the sidecar gets it.
///
/// # Errors
/// It depends on the address, which is not known.
pub(super) fn uncaptured(pod: &PodFacts, host: &str, port: u16) -> Result<Option<CallWay>, Limit> {
    let mut perhaps = None;
    for exclusion in capture_exclusions(pod) {
        if !exclusion.concerns(&[port].into()) {
            continue;
        }
        let place = Place::new("Pod", Some(&pod.namespace), &pod.name).object();
        let (annotation, value) = (exclusion.annotation, exclusion.value);
        let is_certain = match exclusion.traffic {
            ExcludedTraffic::Ports(_) => true,
            ExcludedTraffic::Ranges(_) => false,
            // No range at all, or no redirection.
            ExcludedTraffic::AllBut(_) => matches!(value, "" | "NONE"),
        };
        if is_certain {
            let to = format!("{host}:{port}");
            return Ok(Some(CallWay {
                result: WayResult::Directly,
                summary: format!("leaves directly from the caller's node for {to}"),
                gateway: None,
                to: Some(to),
                refusal: None,
                because: vec![format!(
                    "{annotation} of {place} is `{value}`: the sidecar does not get the call"
                )],
                may_be_refused_by: Vec::new(),
                hops: Vec::new(),
            }));
        }
        perhaps = perhaps.or_else(|| {
            let why = format!(
                "{annotation} of {place} is `{value}`: the sidecar gets calls to some addresses only"
            );
            Some(Limit::new(why))
        });
    }
    perhaps.map_or(Ok(None), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(annotation: &str, value: &str) -> Result<Option<CallWay>, Limit> {
        let annotations = [(format!("traffic.sidecar.istio.io/{annotation}"), value.to_owned())];
        let pod = PodFacts { annotations: annotations.into(), ..PodFacts::default() };
        uncaptured(&pod, "edition.cnn.com", 443)
    }

    #[test]
    fn an_excluded_port_leaves_directly_and_other_ports_do_not() {
        let found = way("excludeOutboundPorts", "443").ok().flatten().unwrap();
        assert_eq!(found.result, WayResult::Directly);
        assert!(found.because[0].contains("excludeOutboundPorts"), "{:?}", found.because);
        assert!(way("excludeOutboundPorts", "80").is_ok_and(|way| way.is_none()));
    }

    #[test]
    fn where_the_address_decides_no_way_is_shown() {
        assert!(way("excludeOutboundIPRanges", "0.0.0.0/1").is_err());
        assert!(way("includeOutboundIPRanges", "10.0.0.0/8").is_err());
        assert!(way("includeOutboundIPRanges", "").is_ok_and(|way| way.is_some()));
    }
}
