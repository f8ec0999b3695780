//! Calls from a pod to the external services, and what comes back. Knows curl; knows nothing of why a call is refused.

use std::{net::Ipv4Addr, process::Command};

use anyhow::{Context as _, bail, ensure};
use testbed::external_services::record::RecordedRequest;

use super::{GATEWAYS, Mesh, Pod};

/// What a call came to.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The origin answered: this is what it saw.
    Origin(Box<RecordedRequest>),
    /// Somebody on the way answered with this status.
    Status(u16),
    /// There was no answer; curl says why.
    Nothing(String),
}

impl Mesh {
    /// Calls a URL as the application of the pod does.
    pub(crate) fn get(&self, pod: Pod, url: &str) -> anyhow::Result<Answer> {
        self.get_at(pod, url, None)
    }

    /// The same, where the application may know the address of the host without asking DNS.
    pub(crate) fn get_at(&self, pod: Pod, url: &str, address: Option<Ipv4Addr>) -> anyhow::Result<Answer> {
        let mut command = self.bed().exec_in_pod(pod.namespace, pod.name, "curl")?;
        if let Some(address) = address {
            command.args(["--connect-to".to_owned(), format!("::{address}:")]);
        }
        self.call(command, url)
    }

    fn call(&self, mut curl: Command, url: &str) -> anyhow::Result<Answer> {
        curl.args(["--silent", "--show-error", "--max-time", "10", "--write-out", "\n%{http_code}"]);
        let output = curl.arg("--cacert").arg(self.bed().external_ca()).arg(url).output()?;
        let printed = String::from_utf8(output.stdout)?;
        let (body, status) = printed.rsplit_once('\n').context("curl printed no status")?;
        Ok(match (status.parse()?, serde_json::from_str(body)) {
            (0, _) => Answer::Nothing(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            (200, Ok(request)) => Answer::Origin(Box::new(request)),
            (status, _) => Answer::Status(status),
        })
    }

    /// The call arrives at the origin, and comes from a pod of the gateway that all tests share.
    pub(crate) fn expect_via_gateway(&self, pod: Pod, url: &str) -> anyhow::Result<RecordedRequest> {
        self.expect_via(pod, url, &GATEWAYS)
    }

    /// The call arrives at the origin, and comes from one of these pods.
    pub(crate) fn expect_via(
        &self,
        pod: Pod,
        url: &str,
        gateways: &[Pod],
    ) -> anyhow::Result<RecordedRequest> {
        match self.get(pod, url)? {
            Answer::Origin(request) => {
                let addresses = gateways.iter().map(|gateway| self.address(*gateway));
                let is_gateway = addresses.collect::<anyhow::Result<Vec<_>>>()?.contains(&request.peer);
                ensure!(is_gateway, "{pod} called {url} around the gateway: it came from {}", request.peer);
                Ok(*request)
            }
            other => bail!("{pod} called {url} and got {other:?}"),
        }
    }

    /// The call arrives at the origin from the pod itself.
    pub(crate) fn expect_direct(&self, pod: Pod, url: &str) -> anyhow::Result<()> {
        let address = self.address(pod)?;
        match self.get(pod, url)? {
            Answer::Origin(request) if request.peer == address => Ok(()),
            other => bail!("{pod} called {url}: expected it to come from {address}, found {other:?}"),
        }
    }

    /// The sidecar refuses the call: 502 for HTTP, a closed connection inside TLS. Nothing arrives at the origin.
    pub(crate) fn expect_refused(&self, pod: Pod, url: &str) -> anyhow::Result<()> {
        let before = self.arrived()?.len();
        match self.get(pod, url)? {
            Answer::Status(502) => {}
            Answer::Nothing(why) if url.starts_with("https:") && is_closed(&why) => {}
            other => bail!("{pod} called {url}: expected a refusal, found {other:?}"),
        }
        let arrived = self.arrived()?.split_off(before);
        ensure!(arrived.is_empty(), "{pod} was refused {url}, and yet at the origin arrived {arrived:?}");
        Ok(())
    }
}

/// Whether curl says that the other side closed the connection, as opposed to a time that was over.
fn is_closed(why: &str) -> bool {
    why.contains("reset by peer") || why.contains("SSL_ERROR_SYSCALL") || why.contains("unexpected eof")
}
