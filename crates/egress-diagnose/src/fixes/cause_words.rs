//! Why a call did not take the way that a rule wants, in facts for people.

use egress_core::istio::simulation::{EndCause, OpenedServer};

/// The facts of a cause, one each; `rules` are the kind of rules that wanted the call: `http`, `tls` or `tcp`.
pub(crate) fn cause_words(cause: &EndCause<'_>, rules: &str) -> Vec<String> {
    match cause {
        EndCause::OtherProtocolDeclared { entry, index } => {
            let ports = entry.service_entry().and_then(|spec| spec.ports.as_deref()).unwrap_or_default();
            let declared = ports.get(*index).and_then(|port| port.protocol.clone()).unwrap_or_default();
            vec![format!("`{rules}` rules are not used for a port that is declared {declared}")]
        }
        EndCause::TakenBy(other) => vec![format!("virtualservice {other} takes them first")],
        EndCause::Hidden { object: (kind, namespace, name), viewer } => {
            vec![format!("{} {namespace}/{name} is not visible in namespace {viewer}", kind.to_lowercase())]
        }
        EndCause::NotDeclared { host } => {
            vec![format!("no Service and no ServiceEntry declares {host}")]
        }
        EndCause::NoPort { host, port, declared } => {
            let declared: Vec<String> = declared.iter().map(ToString::to_string).collect();
            vec![format!("{host} has no port {port}: it has {}", declared.join(", "))]
        }
        EndCause::NoSubset { host, subset } => {
            vec![format!("no DestinationRule that the proxy uses has subset `{subset}` of {host}")]
        }
        EndCause::NotOpened { pod, port, is_privileged, is_scoped, opened } => {
            let mut facts =
                vec![format!("the connection goes to port {port} of {pod}, where nothing listens")];
            if *is_privileged {
                facts.push(
                    "the pod may not open ports below 1024: ISTIO_META_UNPRIVILEGED_POD is set".to_owned(),
                );
            }
            let is_idle = |one: &OpenedServer<'_>| one.pod_port == *port && !is_privileged;
            facts.extend(opened.iter().map(|one| if is_idle(one) { without_rule(one) } else { server(one) }));
            if opened.is_empty() {
                facts.push(format!("no Gateway object selects {pod}"));
            }
            if *is_scoped {
                facts.push(
                    "PILOT_SCOPE_GATEWAY_TO_NAMESPACE is set at istiod: Gateway objects of other namespaces do not count"
                        .to_owned(),
                );
            }
            facts
        }
        EndCause::OtherRules { follows, .. } => {
            vec![format!("this server follows `{follows}` rules, and the VirtualService has none for it")]
        }
        EndCause::NotBound { pod, gateways, named } => vec![
            format!("Gateway objects of {pod}: {}", list(gateways)),
            format!("VirtualServices of the host name: {}", list(named)),
        ],
    }
}

fn server(opened: &OpenedServer<'_>) -> String {
    let OpenedServer { gateway, index, number, pod_port, service, .. } = opened;
    let by = match service {
        Some(service) if *number != i64::from(*pod_port) => format!(", by Service {service}"),
        _ => String::new(),
    };
    let id = &gateway.id;
    format!(
        "server {index} of gateway {}/{}, port {number}, is opened on port {pod_port}{by}",
        id.namespace, id.name
    )
}

/// A server that opens nothing, because no rule is for it.
fn without_rule(opened: &OpenedServer<'_>) -> String {
    let OpenedServer { gateway, index, number, follows, .. } = opened;
    let id = &gateway.id;
    format!(
        "server {index} of gateway {}/{}, port {number}, follows `{follows}` rules, and no VirtualService has one for it",
        id.namespace, id.name
    )
}

fn list(words: &[String]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
