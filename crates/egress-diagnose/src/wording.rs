//! Wording that several checks share, so that the same thing is always said in the same way.
//!
//! Knows nothing of checks.

use egress_core::resource::{Resource, Spec};
use egress_core::snapshot::OutboundMode;

/// The words of an object's `exportTo`; `*` where it has none, since that is what it means.
pub(crate) fn export_to(resource: &Resource) -> Vec<String> {
    let words = match &resource.spec {
        Spec::ServiceEntry(spec) => spec.export_to.as_deref(),
        Spec::VirtualService(spec) => spec.export_to.as_deref(),
        Spec::DestinationRule(spec) => spec.export_to.as_deref(),
        Spec::Gateway(_) | Spec::Sidecar(_) | Spec::Untyped(_) => None,
    };
    match words.unwrap_or_default() {
        [] => vec!["*".to_owned()],
        words => words.to_vec(),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(words: &[impl AsRef<str>]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

/// A message names this many namespaces.
const NAMED: usize = 3;

/// `a, b, c and 4 other namespaces`.
pub(crate) fn some_of(namespaces: &[impl AsRef<str>]) -> String {
    let named = namespaces.iter().take(NAMED).map(|name| name.as_ref().to_owned());
    let mut words: Vec<String> = named.collect();
    match namespaces.len() - words.len() {
        0 => {}
        1 => words.push("1 other namespace".to_owned()),
        more => words.push(format!("{more} other namespaces")),
    }
    list(&words)
}

/// All calling namespaces, where a message does not name them.
pub(crate) fn calling_namespaces(namespaces: &[impl AsRef<str>]) -> Option<String> {
    let names: Vec<&str> = namespaces.iter().map(AsRef::as_ref).collect();
    (names.len() > NAMED).then(|| format!("the calling namespaces: {}", names.join(", ")))
}

/// What happens to calls that no route takes to a gateway.
pub(crate) fn without_route(
    callers: &[impl AsRef<str>],
    host: &str,
    outbound: Option<OutboundMode>,
) -> String {
    let callers = some_of(callers);
    match outbound {
        Some(OutboundMode::RegistryOnly) => {
            format!("calls from {callers} to {host} are refused: HTTP gets 502, TLS is reset")
        }
        Some(OutboundMode::AllowAny | OutboundMode::AllowAnyDynamicDns) => {
            format!("calls from {callers} to {host} leave directly from the caller's node")
        }
        None => format!(
            "calls from {callers} to {host} are refused, or, with ALLOW_ANY, leave directly from the caller's node"
        ),
    }
}
