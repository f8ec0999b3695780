//! A call that is tried: in the words of the simulation, and as a command in the pod.

use std::{fmt, net::IpAddr, process::Command};

use egress_core::istio::call::{Call, Speaks};

use super::super::harness::{Mesh, Pod};

/// A call, and who speaks first on it.
#[derive(Debug, Clone)]
pub(super) struct SampleCall {
    pub(super) caller: Pod,
    pub(super) call: Call,
    pub(super) beginning: Beginning,
}

/// Who speaks first on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    Client,
    Server,
}

/// HTTP to an address; the authority has a port where it is not 80.
pub(super) fn http(caller: Pod, address: &str, authority: &str) -> SampleCall {
    let port = authority.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(80);
    SampleCall::new(caller, address, port, Speaks::Http { authority: authority.to_owned() })
}

/// TLS to an address for a host.
pub(super) fn tls(caller: Pod, address: &str, port: u16, name: &str) -> SampleCall {
    SampleCall::new(caller, address, port, Speaks::Tls { server_name: Some(name.to_owned()) })
}

/// TLS to an address by itself.
pub(super) fn tls_without_name(caller: Pod, address: &str, port: u16) -> SampleCall {
    SampleCall::new(caller, address, port, Speaks::Tls { server_name: None })
}

impl SampleCall {
    /// Bytes that are neither HTTP nor TLS.
    pub(super) fn bytes(caller: Pod, address: &str, port: u16, beginning: Beginning) -> Self {
        Self { beginning, ..Self::new(caller, address, port, Speaks::Bytes) }
    }

    fn new(caller: Pod, address: &str, port: u16, speaks: Speaks) -> Self {
        let address = address.trim().parse().unwrap_or(IpAddr::from([0, 0, 0, 0]));
        let call = Call { caller: caller.to_string(), address, port, speaks };
        Self { caller, call, beginning: Beginning::Client }
    }

    /// The command in the caller's pod.
    pub(super) fn command(&self, mesh: &Mesh) -> anyhow::Result<Command> {
        let Call { address, port, speaks, .. } = &self.call;
        let program = if *speaks == Speaks::Bytes { "bash" } else { "curl" };
        let mut command = mesh.bed().exec_in_pod(self.caller.namespace, self.caller.name, program)?;
        let url = match speaks {
            Speaks::Http { authority } => format!("http://{authority}/"),
            Speaks::Tls { server_name: Some(name) } => format!("https://{name}:{port}/"),
            Speaks::Tls { server_name: None } => format!("https://{address}:{port}/"),
            Speaks::Bytes => {
                // Prints what came back; the exit code is 9 where nothing was heard in time.
                let says = if self.beginning == Beginning::Client { "echo hello >&3;" } else { "" };
                let script = format!(
                    "exec 3<>/dev/tcp/{address}/{port} || exit 7; {says} read -r -t 3 line <&3; code=$?; \
                     echo \"$line\"; [ $code -gt 128 ] && exit 9; exit 0"
                );
                command.args(["-c", &script]);
                return Ok(command);
            }
        };
        command.args(["--silent", "--show-error", "--max-time", "5", "--write-out", "\n%{http_code}"]);
        command.args(["--connect-to", &format!("::{address}:{port}")]);
        command.arg("--cacert").arg(mesh.bed().external_ca()).arg(url);
        Ok(command)
    }
}

impl fmt::Display for SampleCall {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let silent = if self.beginning == Beginning::Server { " and waits" } else { "" };
        write!(formatter, "{}{silent}", self.call)
    }
}
