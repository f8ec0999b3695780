//! `diagnose --probe`: asks for consent, sends one marked request, and finds where it went.
//!
//! Knows the order of steps. `egress_diagnose::probe` decides what to send and judges the result.

use std::time::{Duration, Instant};

use egress_cluster::{Cluster, exec};
use egress_core::proxy::ProxyView;
use egress_core::snapshot::PodFacts;
use egress_diagnose::probe::answer::{Ended, ProbeResponse};
use egress_diagnose::probe::plan::ProbePlan;
use egress_diagnose::probe::verdict::{self, EnvoyRecord, Log, Looks};
use egress_diagnose::probe::{Probe, ProbePod};
use futures::future::join_all;

use super::gathered::Gathered;
use crate::commands::interrupt::Interrupt;
use crate::exit::{Code, Failure};
use crate::settings::diagnose::Diagnose;
use crate::settings::diagnose::probing::Probing;
use crate::terminal::Terminal;

/// How long one command in a container may take.
const RUN: Duration = Duration::from_secs(20);
/// The timeout for reading one Envoy or one log.
const LOOK: Duration = Duration::from_secs(5);
/// How long to wait for a log line: Istio configures Envoy to flush logs every second.
const LINES: Duration = Duration::from_secs(4);
/// The pause between two readings of the logs.
const PAUSE: Duration = Duration::from_millis(250);

/// Sends the request after consent, and returns where it went; none without `--probe` or without consent.
pub(super) async fn probe(
    settings: &Diagnose,
    gathered: &Gathered,
    terminal: &mut Terminal,
) -> anyhow::Result<Option<Probe>> {
    let Some(probing) = settings.probing.as_ref().filter(|_| !gathered.interrupted) else { return Ok(None) };
    let mut interrupt = Interrupt::catch()?;
    let mut send = Box::pin(agreed(settings, probing, gathered, terminal));
    tokio::select! {
        biased;
        () = interrupt.raised() => {}
        probe = &mut send => return probe,
    }
    let message = "interrupted: the result of the probe is not known".to_owned();
    Err(Failure { code: Code::Interrupted, message, hint: None }.into())
}

async fn agreed(
    settings: &Diagnose,
    probing: &Probing,
    gathered: &Gathered,
    terminal: &mut Terminal,
) -> anyhow::Result<Option<Probe>> {
    let plan = ProbePlan::new(&gathered.evidence, &gathered.request, &probing.ports, exec::token()?);
    let plan = plan.map_err(|message| Failure { code: Code::Unchecked, message, hint: None })?;
    let cluster = Cluster::connect(&settings.connection).await?;
    let container = match cluster.application(&plan.client).await {
        Ok(container) => container,
        Err(error) => return Ok(Some(verdict::unknown(&plan, error.to_string()))),
    };
    let commands = plan.commands(env!("CARGO_PKG_VERSION"));
    let client = ProbePod::of(&plan.client);
    terminal.note(&format!("probe: this command runs in container {container} of {client}"));
    terminal.note(&format!("  {}", commands.first().map(|words| words.join(" ")).unwrap_or_default()));
    terminal.note("  or the same with wget, if there is no curl");
    if !probing.confirmed && !terminal.confirm("Send this request?")? {
        terminal.note("no request was sent");
        return Ok(None);
    }
    let waiting = terminal.wait("sending the request, and reading the proxies' logs and counters");
    let sender = Sender { cluster, plan, container };
    let probe = sender.send(&commands).await;
    drop(waiting);
    Ok(Some(probe))
}

struct Sender {
    cluster: Cluster,
    plan: ProbePlan,
    container: String,
}

/// The state of one Envoy before the request.
struct Before {
    log: Result<Vec<String>, String>,
    look: Result<ProxyView, String>,
}

impl Sender {
    async fn send(self, commands: &[Vec<String>]) -> Probe {
        let before = join_all(self.pods().map(|pod| self.before(pod))).await;
        let answer = match self.run(commands).await {
            Ok(answer) => answer,
            Err(because) => return verdict::unknown(&self.plan, because),
        };
        let looks = join_all(self.pods().map(|pod| self.look(pod))).await;
        let sent = Instant::now();
        loop {
            let logs = join_all(self.pods().map(|pod| self.log(pod))).await;
            let rows = self.pods().zip(&before).zip(&looks).zip(logs);
            let mut readings = rows.map(|(((pod, before), look), log)| reading(pod, before, look, log));
            let Some(client) = readings.next() else {
                return verdict::unknown(&self.plan, "it was not sent".to_owned());
            };
            let gateways: Vec<EnvoyRecord> = readings.collect();
            let probe = verdict::verdict(&self.plan, &answer, &client, &gateways);
            if probe.is_settled() || sent.elapsed() > LINES {
                return probe;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The client first.
    fn pods(&self) -> impl Iterator<Item = &PodFacts> {
        std::iter::once(&self.plan.client).chain(&self.plan.gateways)
    }

    /// Tries one command after the other until one exists in the container.
    async fn run(&self, commands: &[Vec<String>]) -> Result<ProbeResponse, String> {
        let mut tried: Vec<&str> = Vec::new();
        for command in commands {
            let ended = self.cluster.run(&self.plan.client, &self.container, command, RUN).await;
            let exec::Ended { stdout, stderr, code } = ended.map_err(|error| error.to_string())?;
            let ended = Ended { stdout, stderr, code };
            if !ended.is_missing() {
                return Ok(ended.answer());
            }
            tried.extend(command.first().map(String::as_str));
        }
        tried.dedup();
        Err(format!(
            "container {} cannot send a request: it has none of {}",
            self.container,
            tried.join(", ")
        ))
    }

    async fn before(&self, pod: &PodFacts) -> Before {
        let (log, look) = futures::join!(self.log(pod), self.look(pod));
        Before { log, look }
    }

    async fn log(&self, pod: &PodFacts) -> Result<Vec<String>, String> {
        self.cluster.proxy_log(pod, LOOK).await.map_err(|error| error.to_string())
    }

    async fn look(&self, pod: &PodFacts) -> Result<ProxyView, String> {
        let hosts = std::slice::from_ref(&self.plan.host);
        self.cluster.read_envoy(pod, hosts, LOOK).await.map_err(|error| error.to_string())
    }
}

fn reading(
    pod: &PodFacts,
    before: &Before,
    look: &Result<ProxyView, String>,
    log: Result<Vec<String>, String>,
) -> EnvoyRecord {
    let log = before.log.clone().and_then(|before| Ok(Log { before, after: log? }));
    let looks: Looks = before.look.clone().and_then(|before| Ok((before, look.clone()?)));
    EnvoyRecord { pod: ProbePod::of(pod), log, looks }
}
