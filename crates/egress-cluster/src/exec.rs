//! Runs a program in a container of a pod, and makes the mark of a request that it sends.
//!
//! Knows how to run a program there, not which one or what it prints.

use std::fmt::Write as _;
use std::time::Duration;

use egress_core::snapshot::PodFacts;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Api;
use kube::api::AttachParams;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::cluster::Cluster;
use crate::error::{ClusterError, one_line};

/// The container of Istio's proxy: requests from it bypass the proxy.
const PROXY: &str = "istio-proxy";
/// The annotation with the default container of `kubectl exec`.
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";
/// The most bytes to read of a program's output.
const MOST: u64 = 64 * 1024;

/// How a program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Its stdout.
    pub stdout: String,
    /// Its stderr; the reason if it could not start.
    pub stderr: String,
    /// Its exit code; none if it did not start.
    pub code: Option<i32>,
}

/// A mark of 128 bits that nobody can guess, as 32 hexadecimal digits.
///
/// # Errors
/// [`ClusterError::Unexpected`] if the system has no randomness.
pub fn token() -> Result<String, ClusterError> {
    let mut bytes = [0_u8; 16];
    let source = rustls::crypto::ring::default_provider().secure_random;
    source
        .fill(&mut bytes)
        .map_err(|_| ClusterError::Unexpected("there is no source of random numbers".to_owned()))?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

impl Cluster {
    /// The application container of a pod: the default of `kubectl exec`, else the first that is not the proxy and does
    /// not run as the proxy's user.
    ///
    /// # Errors
    /// [`ClusterError`] if the pod cannot be read, or has no such container.
    pub async fn application(&self, pod: &PodFacts) -> Result<String, ClusterError> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &pod.namespace);
        let found = self.ask(pods.get(&pod.name)).await?;
        let annotations = found.metadata.annotations.unwrap_or_default();
        let default = annotations.get(DEFAULT_CONTAINER);
        let names = found.spec.unwrap_or_default().containers.into_iter().map(|container| container.name);
        let captured = names.filter(|name| name != PROXY && !pod.containers_as_proxy.contains(name));
        let captured: Vec<String> = captured.collect();
        let chosen = captured.iter().find(|name| Some(*name) == default).or(captured.first());
        chosen.cloned().ok_or_else(|| {
            let problem = "has no container whose calls go through its proxy";
            ClusterError::Unexpected(format!("pod {}/{} {problem}", pod.namespace, pod.name))
        })
    }

    /// Runs a program in a container, and waits for its end. A failing program is not an error here.
    ///
    /// # Errors
    /// [`ClusterError::Forbidden`] without the permission `create pods/exec`; [`ClusterError::Unexpected`] if it does
    /// not end in time.
    pub async fn run(
        &self,
        pod: &PodFacts,
        container: &str,
        command: &[String],
        limit: Duration,
    ) -> Result<Ended, ClusterError> {
        let name = format!("pod {}/{}", pod.namespace, pod.name);
        let late = || ClusterError::Unexpected(format!("{name}: the command did not end within {limit:?}"));
        tokio::time::timeout(limit, self.run_to_its_end(pod, container, command))
            .await
            .unwrap_or_else(|_| Err(late()))
    }

    async fn run_to_its_end(
        &self,
        pod: &PodFacts,
        container: &str,
        command: &[String],
    ) -> Result<Ended, ClusterError> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &pod.namespace);
        let params = AttachParams::default().container(container).stdout(true).stderr(true).stdin(false);
        let mut process = match self.ask(pods.exec(&pod.name, command, &params)).await {
            Ok(process) => process,
            // A runtime may refuse to start a program before the streams are open.
            Err(ClusterError::Server { message, .. }) if is_not_startable(&message) => {
                return Ok(Ended { stderr: message, ..Ended::default() });
            }
            Err(error) => return Err(error),
        };
        let (stdout, stderr) = (process.stdout(), process.stderr());
        let status = process.take_status();
        let (stdout, stderr, status) = futures::join!(whole(stdout), whole(stderr), async {
            match status {
                Some(status) => status.await,
                None => None,
            }
        });
        Ok(ended(stdout, stderr, status.unwrap_or_default()))
    }
}

fn is_not_startable(message: &str) -> bool {
    ["executable file not found", "no such file or directory"].iter().any(|words| message.contains(words))
}

/// The exit code is in the status: none for success, a cause `ExitCode` for anything else.
fn ended(stdout: String, stderr: String, status: Status) -> Ended {
    if status.status.as_deref() == Some("Success") {
        return Ended { stdout, stderr, code: Some(0) };
    }
    let causes = status.details.and_then(|details| details.causes).unwrap_or_default();
    let code = causes.iter().find(|cause| cause.reason.as_deref() == Some("ExitCode"));
    let code = code.and_then(|cause| cause.message.as_ref()?.parse().ok());
    let stderr = match (code, status.message) {
        (None, Some(message)) => format!("{stderr}{}", one_line(&message)),
        _ => stderr,
    };
    Ended { stdout, stderr, code }
}

/// The content of a stream, up to a limit. Reads and drops the rest, so that the program can end.
async fn whole(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let mut bytes = Vec::new();
    // If the stream breaks, keep what was read.
    let _ = (&mut stream).take(MOST).read_to_end(&mut bytes).await;
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_and_never_the_same() {
        let (one, other) = (token().unwrap(), token().unwrap());
        assert!(one.len() == 32 && one != other && one.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn an_exit_code_is_a_cause_of_the_status_and_a_program_that_is_missing_has_none() {
        let status = |text| serde_json::from_value(text).unwrap();
        let failed = status(serde_json::json!({"status": "Failure", "reason": "NonZeroExitCode",
            "message": "command terminated with non-zero exit code",
            "details": {"causes": [{"reason": "ExitCode", "message": "35"}]}}));
        assert_eq!(ended(String::new(), "curl".to_owned(), failed).code, Some(35));
        let missing = status(serde_json::json!({"status": "Failure", "reason": "InternalError",
            "message": "exec: \"curl\": executable file not found in $PATH"}));
        let missing = ended(String::new(), String::new(), missing);
        assert!(missing.code.is_none() && missing.stderr.contains("executable file not found"));
    }
}
