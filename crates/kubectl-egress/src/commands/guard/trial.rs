//! Tests policies on the real API server before they apply to any user, and checks afterwards that they are in force.
//!
//! Knows the steps of a trial, and removes its objects. `egress_core::admission` decides what to send.

use std::time::{Duration, Instant};

use egress_cluster::admission::Tried;
use egress_cluster::{Cluster, ClusterError};
use egress_core::admission::{Enforcement, Trial};
use egress_core::metadata::FIELD_MANAGER;
use serde_json::Value;

use super::super::interrupt::Interrupt;
use crate::exit::{Code, Failure};

/// The server reloads changed policies about once a second.
const PAUSE: Duration = Duration::from_millis(200);

/// Tests all policies, and deletes the trial's objects, whatever the result.
pub(super) async fn run(
    cluster: &Cluster,
    trials: &[Trial],
    timeout: Duration,
    interrupt: &mut Interrupt,
) -> anyhow::Result<()> {
    let tried = tokio::select! {
        biased;
        () = interrupt.raised() => Err(interrupted().into()),
        tried = all(cluster, trials, timeout) => tried,
    };
    let cleaned = clean(cluster, trials).await;
    tried?;
    Ok(cleaned?)
}

/// Whether the written policies and bindings are in force: for about a second the server still only warns about
/// requests that it will refuse.
pub(super) async fn in_force(
    cluster: &Cluster,
    trials: &[Trial],
    enforcement: Enforcement,
    timeout: Duration,
    interrupt: &mut Interrupt,
) -> anyhow::Result<()> {
    let looked = async {
        for trial in trials {
            let mark = format!("'{}'", trial.of);
            for (object, said) in &trial.refused {
                let says = |tried: &Tried| {
                    let texts = match enforcement {
                        Enforcement::Warn => tried.warnings.as_slice(),
                        Enforcement::Deny => tried.refused.as_slice(),
                    };
                    texts.iter().any(|text| text.contains(&mark) && text.contains(said))
                };
                if !until(cluster, trial, object, timeout, &says).await? {
                    return Err(anyhow::Error::from(Failure {
                        code: Code::Unproven,
                        message: format!(
                            "written, but the API server did not apply policy {} within {timeout:?}",
                            trial.of
                        ),
                        hint: Some("run the same command again: it checks again".to_owned()),
                    }));
                }
            }
        }
        Ok(())
    };
    tokio::select! {
        biased;
        () = interrupt.raised() => Err(interrupted().into()),
        looked = looked => looked,
    }
}

async fn all(cluster: &Cluster, trials: &[Trial], timeout: Duration) -> anyhow::Result<()> {
    for trial in trials {
        cluster.apply_admission(&trial.policy, FIELD_MANAGER, false).await?;
    }
    for trial in trials {
        cluster.apply_admission(&trial.binding, FIELD_MANAGER, false).await?;
    }
    for trial in trials {
        one(cluster, trial, timeout).await?;
    }
    Ok(())
}

async fn one(cluster: &Cluster, trial: &Trial, timeout: Duration) -> anyhow::Result<()> {
    for (object, said) in &trial.refused {
        let warns = |tried: &Tried| trial.said(&tried.warnings).iter().any(|text| text.contains(said));
        if !until(cluster, trial, object, timeout, &warns).await? {
            return Err(failed(trial, &format!("the API server did not say `{said}` of {}", shown(object))));
        }
    }
    for object in &trial.accepted {
        let tried = cluster.try_create(&trial.resource, object).await?;
        if let Some(text) = trial.said(&tried.warnings).first() {
            return Err(failed(trial, &format!("it would refuse {}: {text}", shown(object))));
        }
        // Webhooks and other policies run after or with this one; any other refusal came before it.
        let beside = |text: &String| text.contains("denied the request") || text.contains("denied request");
        if let Some(text) = tried.refused.filter(|text| !beside(text)) {
            return Err(failed(trial, &format!("{} could not be tried: {text}", shown(object))));
        }
    }
    Ok(())
}

/// Repeats a request until the server gives the expected response, or the time is over.
async fn until(
    cluster: &Cluster,
    trial: &Trial,
    object: &Value,
    timeout: Duration,
    says: &dyn Fn(&Tried) -> bool,
) -> Result<bool, ClusterError> {
    let begin = Instant::now();
    loop {
        if says(&cluster.try_create(&trial.resource, object).await?) {
            return Ok(true);
        }
        if begin.elapsed() > timeout {
            return Ok(false);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Deletes the trial's objects: bindings first.
async fn clean(cluster: &Cluster, trials: &[Trial]) -> Result<(), ClusterError> {
    for trial in trials {
        cluster.delete_binding(&trial.name, false).await?;
    }
    for trial in trials {
        cluster.delete_policy(&trial.name, false).await?;
    }
    Ok(())
}

fn shown(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{} {}", text(&object["kind"]), text(&object["metadata"]["name"]))
}

fn failed(trial: &Trial, why: &str) -> anyhow::Error {
    Failure {
        code: Code::Failed,
        message: format!("the trial of policy {} failed, so nothing was bound: {why}", trial.of),
        hint: Some("run the same with `-v 6` to see each request".to_owned()),
    }
    .into()
}

fn interrupted() -> Failure {
    Failure {
        code: Code::Interrupted,
        message: "interrupted".to_owned(),
        hint: Some(
            "`kubectl egress guard apply` continues, `kubectl egress guard undo` removes everything"
                .to_owned(),
        ),
    }
}
