//! `ValidateGateway`: the servers of a Gateway object. Does not know routes.

use std::collections::BTreeSet;

use egress_istio::gateway::{GatewayServers, GatewayServersTls, GatewayServersTlsMode as Mode, GatewaySpec};

use super::names::{self, UNIX, host_of_namespace, host_part, is_address, is_label, is_socket};
use super::rejection::Rejections;
use crate::istio::protocol::PortProtocol;
use crate::resource::Resource;

pub(super) fn check(resource: &Resource, spec: &GatewaySpec, found: &mut Rejections) {
    if !is_label(&resource.id.name) {
        found.add("metadata.name", &resource.id.name, "the name of a Gateway has no dot");
    }
    let servers = spec.servers.as_deref().unwrap_or_default();
    if servers.is_empty() {
        found.add("spec.servers", "", "a Gateway has at least one server");
    }
    let mut names = BTreeSet::new();
    for (index, server) in servers.iter().enumerate() {
        let place = format!("spec.servers[{index}]");
        of_server(server, &place, found);
        if !names.insert(&server.port.name) {
            let reason = "another server has a port of this name";
            found.add(format!("{place}.port.name"), &server.port.name, reason);
        }
    }
}

/// `validateServer`.
fn of_server(server: &GatewayServers, place: &str, found: &mut Rejections) {
    if server.hosts.is_empty() {
        found.add(format!("{place}.hosts"), "", "a server has at least one host");
    }
    for (index, host) in server.hosts.iter().enumerate() {
        found.extend(|| format!("{place}.hosts[{index}]"), host, of_host(host));
    }
    let is_port_good = of_port(server, place, found);
    of_bind(server, place, found);
    if let Some(tls) = &server.tls {
        of_tls(tls, &format!("{place}.tls"), found);
    }
    if is_port_good {
        tls_of_protocol(server, place, found);
    }
}

fn of_host(host: &str) -> Option<String> {
    let Some((namespace, name)) = host.split_once('/') else { return host_part(host, true) };
    if namespace.is_empty() || name.is_empty() {
        return Some("expected `namespace/host`".to_owned());
    }
    host_of_namespace(namespace, name, true)
}

/// `validateServerPort`. Returns whether there is nothing wrong with it.
fn of_port(server: &GatewayServers, place: &str, found: &mut Rejections) -> bool {
    let before = found.0.len();
    let port = &server.port;
    if PortProtocol::parse(&port.protocol) == PortProtocol::Unsaid {
        let reason =
            "a server has one of the protocols HTTP, HTTPS, HTTP2, GRPC, TLS, TCP, MONGO, REDIS, MYSQL";
        found.add(format!("{place}.port.protocol"), &port.protocol, reason);
    }
    let is_path = server.bind.as_ref().is_some_and(|bind| bind.starts_with(UNIX));
    if port.number > 0 || !is_path {
        found.extend(|| format!("{place}.port.number"), port.number.to_string(), names::port(port.number));
    }
    if let Some(target) = port.target_port.filter(|target| *target > 0) {
        let reason = "a server has no targetPort: istiod takes it from the gateway's Service";
        found.add(format!("{place}.port.targetPort"), target.to_string(), reason);
    }
    if port.name.is_empty() {
        found.add(format!("{place}.port.name"), "", "the port of a server has a name");
    }
    found.0.len() == before
}

/// `validateServerBind`.
fn of_bind(server: &GatewayServers, place: &str, found: &mut Rejections) {
    let Some(bind) = server.bind.as_deref().filter(|bind| !bind.is_empty()) else { return };
    let is_taken = match bind.strip_prefix(UNIX) {
        Some(path) => is_socket(path),
        None => is_address(bind),
    };
    if !is_taken {
        found.add(format!("{place}.bind"), bind, "expected an IP address, or `unix://` and a path");
    }
    if bind.starts_with(UNIX) && server.port.number != 0 {
        found.add(
            format!("{place}.port.number"),
            server.port.number.to_string(),
            "a path has no port: it is 0",
        );
    }
}

/// Whether protocol and TLS settings fit.
fn tls_of_protocol(server: &GatewayServers, place: &str, found: &mut Rejections) {
    let protocol = PortProtocol::parse(&server.port.protocol);
    let (field, word) = (format!("{place}.port.protocol"), &server.port.protocol);
    match &server.tls {
        None if protocol.is_tls() => {
            found.add(format!("{place}.tls"), "", format!("a server of protocol {word} has TLS settings"));
        }
        Some(tls) if !protocol.is_tls() => {
            // Of a server for HTTP only the redirect counts.
            let has_files = [&tls.ca_certificates, &tls.private_key, &tls.server_certificate]
                .iter()
                .any(|file| file.as_ref().is_some_and(|file| !file.is_empty()));
            let passes = matches!(tls.mode, None | Some(Mode::Passthrough | Mode::AutoPassthrough));
            if !protocol.is_http() || !passes || has_files {
                found.add(field, word, "a server of this protocol has no TLS settings: HTTPS and TLS have");
            }
        }
        None | Some(_) => {}
    }
}

/// `validateTLSOptions`.
pub(super) fn of_tls(tls: &GatewayServersTls, place: &str, found: &mut Rejections) {
    let is_said = |value: &Option<String>| value.as_ref().is_some_and(|value| !value.is_empty());
    let has_certificates = tls.tls_certificates.as_ref().is_some_and(|all| !all.is_empty());
    let has_credentials = tls.credential_names.as_ref().is_some_and(|all| !all.is_empty());
    let mode = tls.mode.as_ref();
    if mode == Some(&Mode::IstioMutual) {
        let said = [
            ("serverCertificate", is_said(&tls.server_certificate)),
            ("privateKey", is_said(&tls.private_key)),
            ("caCertificates", is_said(&tls.ca_certificates)),
            ("tlsCertificates", has_certificates),
            ("credentialName", is_said(&tls.credential_name)),
            ("credentialNames", has_credentials),
        ];
        for (field, _) in said.into_iter().filter(|(_, is_said)| *is_said) {
            found.add(
                format!("{place}.{field}"),
                "",
                "with ISTIO_MUTUAL the certificates are the mesh's own",
            );
        }
        return;
    }
    let sources = [
        is_said(&tls.server_certificate) && is_said(&tls.private_key),
        is_said(&tls.credential_name),
        has_credentials,
        has_certificates,
    ];
    if sources.iter().filter(|is_said| **is_said).count() > 1 {
        found.add(
            place,
            "",
            "certificates come from one of credentialName, credentialNames, files, tlsCertificates",
        );
    }
    let is_mutual = matches!(mode, Some(Mode::Mutual | Mode::OptionalMutual));
    let terminates = is_mutual || mode == Some(&Mode::Simple);
    if terminates && (is_said(&tls.credential_name) || has_credentials) {
        return;
    }
    if is_mutual && !is_said(&tls.ca_certificates) {
        found.add(format!("{place}.caCertificates"), "", "the CA of the clients is missing");
    }
    if terminates {
        let pairs: Vec<_> = match tls.tls_certificates.as_deref() {
            Some(all) if !all.is_empty() => {
                all.iter().map(|one| (&one.server_certificate, &one.private_key)).collect()
            }
            _ => vec![(&tls.server_certificate, &tls.private_key)],
        };
        if pairs.iter().any(|(certificate, key)| !is_said(certificate) || !is_said(key)) {
            found.add(place, "", "a certificate with its key, or a credentialName, is missing");
        }
    }
    if is_said(&tls.ca_crl) && (is_said(&tls.credential_name) || mode == Some(&Mode::Simple)) {
        found.add(format!("{place}.caCrl"), "", "a revocation list is for files of mode MUTUAL only");
    }
}
