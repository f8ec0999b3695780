//! What a probe sends, from which pod, and in which gateways to look for it.
//!
//! Knows the commands of curl and of the two kinds of wget. Runs none of them.

use std::collections::BTreeSet;

use egress_core::host::DnsName;
use egress_core::index::Index;
use egress_core::inventory::{Egress, egresses, state};
use egress_core::metadata::Record;
use egress_core::port::{Port, Protocol};
use egress_core::proxy::cluster_name;
use egress_core::snapshot::{GatewayFacts, PodFacts, Snapshot};

use crate::facts::{ClusterFacts, Request, client_of};
use crate::path::{EgressPath, gateways_in_question, paths};

/// The name of the query parameter with the mark. Access logs show paths, but no custom headers.
const PARAMETER: &str = "kubectl-egress-probe";
/// How long the client waits, in seconds.
const PATIENCE: &str = "10";
/// What curl prints before its own address: it identifies a connection in a sidecar's log.
pub(super) const FROM: &str = "probe-from ";

/// The plan of one marked request.
#[derive(Clone, Debug)]
pub struct ProbePlan {
    /// The host to call.
    pub host: DnsName,
    /// The port to call.
    pub port: Port,
    /// The pod that sends it.
    pub client: PodFacts,
    /// The ready pods of the gateways it may pass.
    pub gateways: Vec<PodFacts>,
    /// The full names of all gateways' Services: a cluster to one of them leads to a gateway.
    pub services: BTreeSet<String>,
    /// The clusters through which a gateway may send it to the host, from the records of the host's egresses; empty if
    /// the egress was not made by this tool.
    pub upstreams: BTreeSet<String>,
    /// The mark.
    pub token: String,
}

impl ProbePlan {
    /// Plans a probe of a host that the user typed with these ports. Prefers an HTTP port: logs show a mark in HTTP,
    /// but not inside TLS.
    ///
    /// # Errors
    /// Why no pod can send it.
    pub fn new(
        facts: &ClusterFacts,
        request: &Request,
        typed: &BTreeSet<Port>,
        token: String,
    ) -> Result<Self, String> {
        let snapshot = &facts.snapshot;
        let egresses = egresses(snapshot);
        let paths = paths(snapshot, &Index::of(snapshot), &egresses, request);
        let of = |namespace: &str| client_of(snapshot, namespace, request.client.as_ref());
        let mut senders = paths.iter().flat_map(|path| path.callers.iter().map(move |caller| (path, caller)));
        let found = senders.find_map(|(path, caller)| Some((path, of(caller)?)));
        let Some((path, client)) = found else {
            return Err("no ready pod with a sidecar can send a request: name a namespace with `-n`, or a pod with `--for pod/NAME.NAMESPACE`".to_owned());
        };
        let port = port(typed, &path.ports).ok_or("the host has no port")?;
        let host = request.hosts.first().ok_or("no host was named")?.clone();
        let domain = &snapshot.mesh.cluster_domain;
        let gateways = gateways_in_question(&snapshot.gateways, &paths, request);
        Ok(ProbePlan {
            host,
            port,
            client: client.clone(),
            gateways: gateways.into_iter().flat_map(GatewayFacts::ready_pods).cloned().collect(),
            services: snapshot.gateways.iter().map(|gateway| gateway.name.service_host(domain)).collect(),
            upstreams: upstreams(path, &egresses, snapshot, port),
            token,
        })
    }

    /// The URL to call.
    pub fn url(&self) -> String {
        let (scheme, standard) = match self.port.protocol {
            Protocol::Http => ("http", 80),
            Protocol::Tls => ("https", 443),
        };
        let port =
            if self.port.number == standard { String::new() } else { format!(":{}", self.port.number) };
        format!("{scheme}://{}{port}/?{PARAMETER}={}", self.host, self.token)
    }

    /// The commands that send it, in the order to try them: a container has one of the programs, or none. They do not
    /// verify the host's certificate: they send nothing secret, and the image's CA bundle does not matter for the
    /// route.
    pub fn commands(&self, version: &str) -> Vec<Vec<String>> {
        let agent = format!("kubectl-egress/{version} probe");
        let url = self.url();
        let from = format!("{FROM}%{{local_ip}}:%{{local_port}}\\n");
        let curl = [
            "curl",
            "--silent",
            "--show-error",
            "--insecure",
            "--max-time",
            PATIENCE,
            "--output",
            "/dev/null",
            "--dump-header",
            "-",
            "--write-out",
            &from,
            "--user-agent",
            &agent,
            &url,
        ];
        // By default, GNU wget retries and follows redirects.
        let gnu = [
            "wget",
            "--server-response",
            "--output-document=/dev/null",
            "--timeout",
            PATIENCE,
            "--tries=1",
            "--max-redirect=0",
            "--no-check-certificate",
            "--user-agent",
            &agent,
            &url,
        ];
        // BusyBox wget has neither option, and refuses them before it sends anything.
        let mut busybox = vec!["wget", "-S", "-O", "/dev/null", "-T", PATIENCE, "-U", &agent];
        if self.port.protocol == Protocol::Tls {
            busybox.push("--no-check-certificate");
        }
        busybox.push(&url);
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        vec![owned(&curl), owned(&gnu), owned(&busybox)]
    }
}

/// The clusters that the records of a host's egresses specify at one gateway. Egresses of several namespaces share the
/// gateway's routes: the oldest egress's routes serve all of them. A route that differs from its record serves none.
fn upstreams(
    path: &EgressPath<'_>,
    egresses: &[Egress<'_>],
    snapshot: &Snapshot,
    port: Port,
) -> BTreeSet<String> {
    let Some(own) = path.record() else { return BTreeSet::new() };
    let is_other = |egress: &&Egress<'_>| {
        egress.host.as_str() == path.host && state::is_genuine_at_gateway(egress, snapshot)
    };
    let others = egresses.iter().filter(is_other).filter_map(Egress::readable_record);
    let here = others.filter(|record| record.intent.gateway == own.intent.gateway);
    std::iter::once(own).chain(here).map(|record| upstream(record, port)).collect()
}

fn upstream(record: &Record, port: Port) -> String {
    let intent = &record.intent;
    let host = intent.layout.dialect().upstream_host(intent.host.as_str(), &intent.namespace);
    cluster_name(port.number, "", &host)
}

/// The port to call: one of those typed that the host has, or any of the host's if none was typed.
fn port(typed: &BTreeSet<Port>, carried: &BTreeSet<Port>) -> Option<Port> {
    let both: BTreeSet<Port> = typed.intersection(carried).copied().collect();
    let was_named = *typed != BTreeSet::from([Port::HTTP, Port::TLS]);
    let choice = match (both.is_empty(), was_named || carried.is_empty()) {
        (false, _) => &both,
        (true, true) => typed,
        (true, false) => carried,
    };
    choice.iter().copied().min_by_key(|port| (port.protocol == Protocol::Tls, port.number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(texts: &[&str]) -> BTreeSet<Port> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_port_is_one_that_the_host_has_and_speaks_http_where_one_does() {
        let default = ports(&["80/HTTP", "443/TLS"]);
        let chosen =
            |typed: &BTreeSet<Port>, carried: &[&str]| port(typed, &ports(carried)).unwrap().to_string();
        assert_eq!(chosen(&default, &["80/HTTP", "443/TLS"]), "80/HTTP");
        assert_eq!(chosen(&default, &["443/TLS"]), "443/TLS");
        assert_eq!(chosen(&default, &["8443/TLS"]), "8443/TLS");
        assert_eq!(chosen(&default, &[]), "80/HTTP");
        assert_eq!(chosen(&ports(&["443/TLS"]), &["80/HTTP", "443/TLS"]), "443/TLS");
        assert_eq!(chosen(&ports(&["8080/HTTP"]), &["443/TLS"]), "8080/HTTP");
    }
}
