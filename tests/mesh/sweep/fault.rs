//! What happens to a request, and to which ones.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use testbed::bed::{Intercept, InterceptingServer};

use crate::harness::{Mesh, is_write};

/// A fault at one request of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SweepFault {
    /// SIGKILL of the plugin.
    Kill(Moment),
    /// The connection ends.
    Cut(Moment),
    /// No answer, until the plugin gives up.
    Silence(Moment),
    /// Another answer than that of the API server.
    Refused(u16),
    /// A webhook says no.
    Denied,
    /// A quota is reached.
    Quota,
    /// The user has lost the permission.
    Forbidden,
    /// The namespace is on its way out.
    Terminating,
}

/// Whether the API server has the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Before,
    After,
}

pub(super) const FAULTS: &[SweepFault] = &[
    SweepFault::Kill(Moment::Before),
    SweepFault::Kill(Moment::After),
    SweepFault::Cut(Moment::Before),
    SweepFault::Cut(Moment::After),
    SweepFault::Silence(Moment::Before),
    SweepFault::Silence(Moment::After),
    SweepFault::Refused(409),
    SweepFault::Refused(429),
    SweepFault::Refused(500),
    SweepFault::Refused(503),
    SweepFault::Denied,
    SweepFault::Quota,
    SweepFault::Forbidden,
    SweepFault::Terminating,
];

impl SweepFault {
    /// Whether every run of the tests sweeps it.
    pub(super) fn is_common(self) -> bool {
        const COMMON: [SweepFault; 6] = [
            SweepFault::Kill(Moment::Before),
            SweepFault::Kill(Moment::After),
            SweepFault::Cut(Moment::After),
            SweepFault::Silence(Moment::After),
            SweepFault::Refused(429),
            SweepFault::Denied,
        ];
        COMMON.contains(&self)
    }

    /// A server at which the request of this number meets the fault, among all of them or among the writes; and which one
    /// that was.
    pub(super) fn server(
        self,
        mesh: &Mesh,
        number: usize,
        of_all: bool,
    ) -> anyhow::Result<(InterceptingServer, Arc<Mutex<Option<String>>>)> {
        let count = AtomicUsize::new(0);
        let met = Arc::<Mutex<Option<String>>>::default();
        let noted = Arc::clone(&met);
        let server = mesh.bed().intercepting_api_server(move |request| {
            let counts = if self.is_of_writes() || !of_all { is_write(request) } else { true };
            if !counts || count.fetch_add(1, Ordering::SeqCst) + 1 != number {
                return Intercept::Pass;
            }
            if let Ok(mut met) = noted.lock() {
                let path = request.target.split('?').next().unwrap_or_default();
                *met = Some(format!("{} {path}", request.method));
            }
            self.intercept()
        })?;
        Ok((server, met))
    }

    fn intercept(self) -> Intercept {
        match self {
            SweepFault::Kill(Moment::Before) | SweepFault::Silence(Moment::Before) => Intercept::HoldBefore,
            SweepFault::Kill(Moment::After) | SweepFault::Silence(Moment::After) => Intercept::HoldAfter,
            SweepFault::Cut(Moment::Before) => Intercept::CutBefore,
            SweepFault::Cut(Moment::After) => Intercept::CutAfter,
            SweepFault::Refused(409) => {
                status(409, "Conflict", "Operation cannot be fulfilled: the object has been modified")
            }
            SweepFault::Refused(429) => {
                status(429, "TooManyRequests", "too many requests, please try again later")
            }
            SweepFault::Refused(code) => status(code, "InternalError", "an error on the server"),
            SweepFault::Denied => status(
                400,
                "Invalid",
                "admission webhook \"rules.example.test\" denied the request: not today",
            ),
            SweepFault::Quota => {
                status(403, "Forbidden", "exceeded quota: objects, requested: 1, used: 9, limited: 9")
            }
            SweepFault::Forbidden => status(
                403,
                "Forbidden",
                "User \"admin\" cannot patch resource in API group \"networking.istio.io\"",
            ),
            SweepFault::Terminating => status(
                403,
                "Forbidden",
                "unable to create new content in namespace shop because it is being terminated",
            ),
        }
    }

    /// Whether only a write can meet it. A read that fails changes nothing: of those, only where the plugin is killed is of
    /// interest.
    fn is_of_writes(self) -> bool {
        !matches!(self, SweepFault::Kill(_))
    }
}

const JSON: (&str, &str) = ("content-type", "application/json");

/// A refusal in the form of the API server.
fn status(code: u16, reason: &str, message: &str) -> Intercept {
    let body = serde_json::json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
        "reason": reason, "message": message });
    let headers: &[(&str, &str)] = if code == 429 { &[JSON, ("retry-after", "1")] } else { &[JSON] };
    Intercept::Answer(code, headers, body.to_string())
}

impl fmt::Display for SweepFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SweepFault::Kill(moment) => write!(formatter, "SIGKILL {moment}"),
            SweepFault::Cut(moment) => write!(formatter, "connection cut {moment}"),
            SweepFault::Silence(moment) => write!(formatter, "no answer {moment}"),
            SweepFault::Refused(code) => write!(formatter, "answer {code}"),
            SweepFault::Denied => formatter.write_str("denied by a webhook"),
            SweepFault::Quota => formatter.write_str("quota reached"),
            SweepFault::Forbidden => formatter.write_str("permission withdrawn"),
            SweepFault::Terminating => formatter.write_str("namespace terminating"),
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Moment::Before => "before the API server has it",
            Moment::After => "before the plugin has the answer",
        })
    }
}
