//! A cluster that has at most one ConfigMap of policies and nothing else, and a machine with a kubeconfig for it.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use k8s_openapi::ByteString;
use serde_json::{Value, json};

use crate::place::{Ended, Place};
use crate::pretender::{Pretender, respond};

/// What is answered about the ConfigMap: a status and a body.
type Answer = (&'static str, Value);

/// A cluster, and a machine that knows it.
pub(crate) struct Cluster {
    pub(crate) place: Place,
    answer: Arc<Mutex<Answer>>,
}

impl Cluster {
    pub(crate) fn with(map: Value) -> Self {
        Self::answering(("200 OK", map))
    }

    pub(crate) fn without_policies() -> Self {
        Self::answering(("404 Not Found", status(404, "NotFound", "not found")))
    }

    pub(crate) fn forbidding() -> Self {
        let message = "configmaps \"kubectl-egress-policy\" is forbidden: User \"ada\" cannot get resource";
        Self::answering(("403 Forbidden", status(403, "Forbidden", message)))
    }

    fn answering(answer: Answer) -> Self {
        let answer = Arc::new(Mutex::new(answer));
        let shared = Arc::clone(&answer);
        let server = Pretender::start(move |path, _, stream| serve(path, &shared, stream));
        let place = Place::new();
        let url = format!("http://{}", server.name());
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "here",
            "clusters": [{"name": "here", "cluster": {"server": url}}],
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": ""}}],
        });
        fs::create_dir_all(place.home().join(".kube")).unwrap();
        fs::write(place.home().join(".kube/config"), kubeconfig.to_string()).unwrap();
        Cluster { place, answer }
    }

    /// Somebody changes the ConfigMap.
    pub(crate) fn change(&mut self, map: Value) {
        *self.answer.lock().unwrap() = ("200 OK", map);
    }

    /// Loads the policies and asks them about nothing: there is no egress.
    pub(crate) fn audit(&self, more: &[&str]) -> Ended {
        self.place
            .run(Command::new(env!("CARGO_BIN_EXE_kubectl-egress")).args(["audit", "-n", "shop"]).args(more))
    }

    /// The same, with somebody at a terminal who types this. What is printed comes as one text.
    pub(crate) fn audit_at_a_terminal(&self, typed: &str) -> Ended {
        let program = env!("CARGO_BIN_EXE_kubectl-egress");
        let line = format!(
            "printf %s '{typed}' | script --quiet --return --command '{program} audit -n shop' /dev/null"
        );
        self.place.run(Command::new("/bin/sh").arg("-c").arg(line))
    }

    /// Where the program writes down what its user trusts.
    pub(crate) fn trusted(&self) -> PathBuf {
        self.place.home().join(".config/kubectl-egress/trusted-policies")
    }
}

/// A ConfigMap with texts and modules.
pub(crate) fn map(data: &Value, modules: &[(&str, &[u8])]) -> Value {
    let modules: serde_json::Map<String, Value> =
        modules.iter().map(|(key, bytes)| ((*key).to_owned(), json!(ByteString(bytes.to_vec())))).collect();
    json!({"metadata": {"name": "kubectl-egress-policy"}, "data": data, "binaryData": modules})
}

fn serve(path: &str, answer: &Mutex<Answer>, stream: &mut TcpStream) {
    let (status, body) = match path.split('?').next().unwrap_or_default() {
        "/api/v1/namespaces/istio-system/configmaps/kubectl-egress-policy" => answer.lock().unwrap().clone(),
        "/api/v1/namespaces/istio-system/configmaps/istio" => ("200 OK", json!({"data": {"mesh": "{}"}})),
        "/apis/networking.istio.io" => (
            "200 OK",
            json!({
                "kind": "APIGroup", "apiVersion": "v1", "name": "networking.istio.io",
                "versions": [{"version": "v1", "groupVersion": "networking.istio.io/v1"}],
            }),
        ),
        _ => ("200 OK", json!({"items": []})),
    };
    respond(stream, status, "Content-Type: application/json\r\n", body.to_string().as_bytes());
}

fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message})
}
