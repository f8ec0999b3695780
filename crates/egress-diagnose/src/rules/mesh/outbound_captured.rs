//! EG019: no outbound ports or IP ranges are excluded from the sidecar.

use egress_core::input::Input;
use egress_core::snapshot::PodFacts;

use crate::finding::{CheckOutcome, Code, Confidence, Finding, Level, Place};
use crate::fixes;
use crate::istio::capture::{ExcludedTraffic, capture_exclusions};
use crate::istio::data_plane::DataPlaneMode;
use crate::kubernetes::workload::PodOwner;
use crate::path::NamespaceCalls;
use crate::rules::check::{Check, PathSegment, Run};
use crate::view::View;
use crate::wording::list;

pub(in crate::rules) const CHECK: Check = Check {
    code: Code(19),
    name: "no outbound ports or IP ranges are excluded from the sidecar",
    level: Level::Warning,
    segment: PathSegment::Mesh,
    inputs: &[Input::Namespaces, Input::Pods],
    beside_the_walk: "Calls are followed through the sidecar. This check looks for traffic that the sidecar never gets.",
    docs: "\
## What it checks
The annotations `traffic.sidecar.istio.io/excludeOutboundPorts`, `excludeOutboundIPRanges`, `includeOutboundIPRanges`
and `sidecar.istio.io/interceptionMode` of pods with a sidecar, in namespaces that call hosts through a gateway: they
exclude no port that is called there, and no public addresses. Ranges of private networks do not count.

## Why it matters
Excluded traffic never enters the sidecar: no route, no gateway and no outbound traffic policy has any effect on it.
It leaves from the pod's own node.

## How to fix
Remove the port or the range from the annotation of the pod template. If a call must bypass the sidecar, exclude only
its address.
",
    run: Run::Mesh(run),
};

fn run(view: &View<'_>) -> CheckOutcome {
    let (mut findings, mut looked_at) = (Vec::new(), 0);
    for (namespace, calls) in view.caller_namespaces() {
        let workloads = match view.workloads_with_mode(namespace, DataPlaneMode::Sidecar) {
            Ok(workloads) => workloads,
            Err(outcome) => return outcome,
        };
        looked_at += workloads.len();
        for (workload, pods) in &workloads {
            findings.extend(of_workload((namespace, workload), pods, calls));
        }
    }
    CheckOutcome::of(looked_at, findings)
}

/// One finding for each annotation; pods of one template share it.
fn of_workload(
    (namespace, workload): (&str, &PodOwner),
    pods: &[&PodFacts],
    calls: &NamespaceCalls,
) -> Vec<Finding> {
    let mut known = Vec::new();
    let mut findings = Vec::new();
    for pod in pods {
        for exclusion in
            capture_exclusions(pod).into_iter().filter(|exclusion| exclusion.concerns(&calls.ports))
        {
            if known.contains(&exclusion.annotation) {
                continue;
            }
            known.push(exclusion.annotation);
            let what = match &exclusion.traffic {
                ExcludedTraffic::Ports(ports) => {
                    let hit: Vec<String> = ports.intersection(&calls.ports).map(u16::to_string).collect();
                    format!("calls to port {}", list(&hit))
                }
                ExcludedTraffic::Ranges(ranges) => format!("calls to {}", list(ranges)),
                ExcludedTraffic::AllBut(_) => "calls to the outside".to_owned(),
            };
            let closed = exclusion.closed_for(&calls.ports);
            findings.push(Finding {
                code: CHECK.code,
                confidence: Confidence::Certain,
                level: CHECK.level,
                message: format!("{workload} of {namespace} excludes {what} from its sidecar"),
                object: Place::new("Pod", Some(namespace), &pod.name)
                    .field(format!("metadata.annotations[{}]", exclusion.annotation), exclusion.value),
                evidence: vec![format!("called from {namespace}: {}", calls.wording())],
                consequence: format!("{what} leave directly from the pod's node; no route and no outbound traffic policy applies"),
                fix: fixes::relabel(
                    (namespace, workload),
                    &[],
                    &[(exclusion.annotation, closed.as_deref())],
                    "its sidecar then gets these calls again",
                ),
            });
        }
    }
    findings
}
