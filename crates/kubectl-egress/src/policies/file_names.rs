//! The names of the files of policies, which are the same in every layer.

/// The name of the configuration, as a file and as the key of a ConfigMap.
pub const CONFIGURATION: &str = "egress-policy.yaml";
/// The name of the lock file, likewise.
pub const LOCK: &str = "egress-policy.lock";
