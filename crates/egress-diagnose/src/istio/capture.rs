//! Which outbound traffic bypasses a pod's sidecar, according to the pod's annotations.
//!
//! Knows the annotations of `istio-iptables` and the CNI plugin. Exclusions for all pods are in Istio's installation,
//! not on the pods, and are not known here.

use std::collections::BTreeSet;

use egress_core::snapshot::PodFacts;

use crate::kubernetes::ip_range::Range;

const EXCLUDED_PORTS: &str = "traffic.sidecar.istio.io/excludeOutboundPorts";
const EXCLUDED_RANGES: &str = "traffic.sidecar.istio.io/excludeOutboundIPRanges";
const INCLUDED_RANGES: &str = "traffic.sidecar.istio.io/includeOutboundIPRanges";
const INCLUDED_PORTS: &str = "traffic.sidecar.istio.io/includeOutboundPorts";
const MODE: &str = "sidecar.istio.io/interceptionMode";

/// One annotation that lets outbound calls bypass the sidecar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CaptureExclusion<'a> {
    /// The annotation.
    pub(crate) annotation: &'static str,
    /// Its value.
    pub(crate) value: &'a str,
    /// The traffic that bypasses the sidecar.
    pub(crate) traffic: ExcludedTraffic<'a>,
}

/// Traffic that bypasses a sidecar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ExcludedTraffic<'a> {
    /// Calls to these ports.
    Ports(BTreeSet<u16>),
    /// Calls to addresses in these ranges.
    Ranges(Vec<&'a str>),
    /// Every outbound call except those to these ports.
    AllBut(BTreeSet<u16>),
}

/// The traffic that a pod's annotations exclude. Ranges without public addresses do not count.
/// <https://istio.io/latest/docs/reference/config/annotations/>
pub(crate) fn capture_exclusions(pod: &PodFacts) -> Vec<CaptureExclusion<'_>> {
    let value = |key: &str| pod.annotations.get(key).map(String::as_str);
    let mut found = Vec::new();
    if let Some(mode @ "NONE") = value(MODE) {
        let traffic = ExcludedTraffic::AllBut(BTreeSet::new());
        found.push(CaptureExclusion { annotation: MODE, value: mode, traffic });
    }
    if let Some(value) = value(EXCLUDED_PORTS) {
        found.push(CaptureExclusion {
            annotation: EXCLUDED_PORTS,
            value,
            traffic: ExcludedTraffic::Ports(ports(value)),
        });
    }
    if let Some(value) = value(EXCLUDED_RANGES) {
        let ranges = words(value).filter(|block| Range { block, except: &[] }.reaches_outside());
        found.push(CaptureExclusion {
            annotation: EXCLUDED_RANGES,
            value,
            traffic: ExcludedTraffic::Ranges(ranges.collect()),
        });
    }
    if let Some(included) = value(INCLUDED_RANGES) {
        let all =
            words(included).any(|block| block == "*" || Range { block, except: &[] }.opens_the_internet());
        let by_port = value(INCLUDED_PORTS).unwrap_or_default();
        if !all && by_port != "*" {
            let traffic = ExcludedTraffic::AllBut(ports(by_port));
            found.push(CaptureExclusion { annotation: INCLUDED_RANGES, value: included, traffic });
        }
    }
    found.retain(|exclusion| !exclusion.traffic.is_nothing());
    found
}

impl CaptureExclusion<'_> {
    /// Whether calls to any of these ports of a host may bypass the sidecar.
    pub(crate) fn concerns(&self, ports: &BTreeSet<u16>) -> bool {
        match &self.traffic {
            ExcludedTraffic::Ports(passing) => !passing.is_disjoint(ports),
            ExcludedTraffic::Ranges(_) => true,
            ExcludedTraffic::AllBut(captured) => !ports.is_subset(captured),
        }
    }

    /// The annotation's value without the exclusion of these ports; none if the annotation must go.
    pub(crate) fn closed_for(&self, ports: &BTreeSet<u16>) -> Option<String> {
        let goes = |word: &str| match &self.traffic {
            ExcludedTraffic::Ports(_) => word.parse().is_ok_and(|port| ports.contains(&port)),
            ExcludedTraffic::Ranges(ranges) => ranges.contains(&word),
            ExcludedTraffic::AllBut(_) => true,
        };
        let rest: Vec<&str> = words(self.value).filter(|word| !goes(word)).collect();
        (!rest.is_empty()).then(|| rest.join(","))
    }
}

impl ExcludedTraffic<'_> {
    fn is_nothing(&self) -> bool {
        match self {
            ExcludedTraffic::Ports(ports) => ports.is_empty(),
            ExcludedTraffic::Ranges(ranges) => ranges.is_empty(),
            ExcludedTraffic::AllBut(_) => false,
        }
    }
}

fn ports(value: &str) -> BTreeSet<u16> {
    words(value).filter_map(|word| word.parse().ok()).collect()
}

fn words(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(annotations: &[(&str, &str)]) -> PodFacts {
        let annotations = annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        PodFacts { annotations: annotations.collect(), ..PodFacts::default() }
    }

    #[test]
    fn ranges_inside_the_cluster_are_no_exclusion() {
        for annotation in [
            (EXCLUDED_RANGES, "10.0.0.0/8, 169.254.169.254/32"),
            (EXCLUDED_PORTS, ""),
            (INCLUDED_RANGES, "*"),
            (INCLUDED_RANGES, "0.0.0.0/0"),
            (MODE, "REDIRECT"),
        ] {
            assert_eq!(capture_exclusions(&pod(&[annotation])), [], "{annotation:?}");
        }
        assert_eq!(capture_exclusions(&pod(&[(INCLUDED_RANGES, "10.0.0.0/8"), (INCLUDED_PORTS, "*")])), []);
    }

    #[test]
    fn ports_concern_those_who_call_them() {
        let pod = pod(&[(EXCLUDED_PORTS, "5432, 443")]);
        let exclusion = &capture_exclusions(&pod)[0];
        assert!(exclusion.concerns(&[80, 443].into()));
        assert!(!exclusion.concerns(&[80].into()));
        assert_eq!(exclusion.closed_for(&[443].into()).as_deref(), Some("5432"));
    }

    #[test]
    fn a_public_range_is_an_exclusion_and_the_others_stay_excluded() {
        let pod = pod(&[(EXCLUDED_RANGES, "10.0.0.0/8,0.0.0.0/0")]);
        let exclusion = &capture_exclusions(&pod)[0];
        assert_eq!(exclusion.traffic, ExcludedTraffic::Ranges(vec!["0.0.0.0/0"]));
        assert_eq!(exclusion.closed_for(&BTreeSet::new()).as_deref(), Some("10.0.0.0/8"));
    }

    #[test]
    fn where_only_the_cluster_is_captured_the_outside_is_not() {
        for value in ["10.0.0.0/8", ""] {
            let pod = pod(&[(INCLUDED_RANGES, value), (INCLUDED_PORTS, "443")]);
            let exclusion = &capture_exclusions(&pod)[0];
            assert!(exclusion.concerns(&[80].into()) && !exclusion.concerns(&[443].into()), "{value:?}");
            assert_eq!(exclusion.closed_for(&[80].into()), None);
        }
    }

    #[test]
    fn without_redirection_everything_passes() {
        assert!(capture_exclusions(&pod(&[(MODE, "NONE")]))[0].concerns(&[443].into()));
    }
}
