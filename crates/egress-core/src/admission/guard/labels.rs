//! Labels of pods that say nothing of which gateway a pod belongs to.

/// Labels of pods that come and go with pods, or that istiod adds by itself: a selector may always meet them.
pub(super) const VOLATILE: [&str; 6] = [
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "kubernetes.io/hostname",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
];
/// How labels begin that istiod adds by itself (`AugmentLabels` in `pkg/config/labels`).
pub(super) const TOPOLOGY: &str = "topology.";

/// Whether a label's value is not the same for as long as the gateway is.
pub(super) fn is_volatile(key: &str) -> bool {
    VOLATILE.contains(&key) || key.starts_with(TOPOLOGY)
}
