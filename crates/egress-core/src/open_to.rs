//! Who can use an egress besides the callers it was opened for.
//!
//! An egress opens a route at a gateway. Routes are chosen by the host's name, and no object of ours holds the identity of a
//! caller against them: an AuthorizationPolicy of the gateway's owner would. Knows nothing of such policies.

use crate::intent::{GatewayTls, Intent};
use crate::port::Protocol;

/// Who can use what was opened, one phrase for each protocol.
pub fn open_to(intent: &Intent) -> Vec<String> {
    let speaks = |protocol| intent.ports_of(protocol).next().is_some();
    let mut found = Vec::new();
    if speaks(Protocol::Http) {
        found.push(match intent.hop {
            GatewayTls::Mtls => "HTTP: any pod with a certificate of the mesh".to_owned(),
            GatewayTls::Plain => "HTTP: any pod".to_owned(),
        });
    }
    if speaks(Protocol::Tls) {
        found.push("TLS: any pod".to_owned());
    }
    found
}

/// One sentence without a full stop, for everything that one command opens; none where it opens nothing.
pub fn sentence(intents: &[&Intent]) -> Option<String> {
    let first = intents.first()?;
    let namespaces: Vec<&str> = first
        .export_to
        .iter()
        .map(|word| match word.as_str() {
            "." => first.namespace.as_str(),
            "*" => "every namespace",
            other => other,
        })
        .collect();
    let opened = namespaces.join(", ");
    let any = |protocol, hop: Option<GatewayTls>| {
        intents.iter().any(|intent| {
            intent.ports_of(protocol).next().is_some() && hop.is_none_or(|hop| intent.hop == hop)
        })
    };
    let tls = any(Protocol::Tls, None);
    let mtls = any(Protocol::Http, Some(GatewayTls::Mtls));
    let plain = any(Protocol::Http, Some(GatewayTls::Plain));
    let who = match (tls, mtls, plain) {
        (true, false, false) => "TLS passthrough: any pod of the mesh that reaches the gateway can use it",
        (false, true, false) => {
            "any pod of the mesh that reaches the gateway can use it, with its certificate"
        }
        (false, _, _) => "any pod that reaches the gateway can use it, without a certificate",
        (true, true, false) => {
            "any pod of the mesh that reaches the gateway can use it: HTTP with its certificate, TLS passthrough without one"
        }
        (true, _, true) => {
            "any pod that reaches the gateway can use it: plain HTTP and TLS passthrough need no certificate"
        }
    };
    Some(format!("opened for {opened}; {who}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::{GatewayName, Layout};

    fn intent(ports: &[&str], hop: GatewayTls, export_to: &[&str]) -> Intent {
        Intent {
            host: "edition.cnn.com".parse::<crate::target::Target>().unwrap().host,
            ports: ports.iter().map(|port| port.parse().unwrap()).collect(),
            namespace: "shop".to_owned(),
            gateway: GatewayName { namespace: "istio-system".to_owned(), service: "egress".to_owned() },
            layout: if hop == GatewayTls::Plain { Layout::Documented } else { Layout::Shared },
            hop,
            export_to: export_to.iter().map(|word| (*word).to_owned()).collect(),
            reason: None,
        }
    }

    #[test]
    fn the_sentence_names_those_it_was_opened_for_and_those_who_can_use_it() {
        let said =
            |ports: &[&str], hop, export_to: &[&str]| sentence(&[&intent(ports, hop, export_to)]).unwrap();
        assert_eq!(
            said(&["443/TLS"], GatewayTls::Mtls, &["."]),
            "opened for shop; TLS passthrough: any pod of the mesh that reaches the gateway can use it"
        );
        assert_eq!(
            said(&["80/HTTP"], GatewayTls::Mtls, &[".", "billing"]),
            "opened for shop, billing; any pod of the mesh that reaches the gateway can use it, with its certificate"
        );
        assert!(said(&["80/HTTP"], GatewayTls::Plain, &["."]).ends_with("without a certificate"));
        assert!(
            said(&["80/HTTP", "443/TLS"], GatewayTls::Mtls, &["*"])
                .starts_with("opened for every namespace; ")
        );
        assert_eq!(sentence(&[]), None);
    }

    #[test]
    fn each_protocol_has_a_phrase_of_its_own() {
        let both = intent(&["80/HTTP", "443/TLS"], GatewayTls::Mtls, &["."]);
        assert_eq!(open_to(&both), ["HTTP: any pod with a certificate of the mesh", "TLS: any pod"]);
        assert_eq!(open_to(&intent(&["80/HTTP"], GatewayTls::Plain, &["."])), ["HTTP: any pod"]);
    }
}
