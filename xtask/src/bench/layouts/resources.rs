//! What the mesh's own programs hold and use: memory of istiod and two Envoys, and the processor time of one at rest.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use testbed::bed::{Bed, ProcessStatus};

use super::{calls::CLIENT, form, gateway_pod};
use crate::terminal;

/// How often memory is read, and how often it must be nearly the same.
const INTERVAL: Duration = Duration::from_secs(2);
const READINGS: usize = 5;
/// It is nearly the same if it differs by no more than one of so many.
const PRECISION: u64 = 50;
/// After this time a figure counts although it still changes.
const LIMIT: Duration = Duration::from_secs(90);
/// How long an Envoy is watched at rest: twice as long as it remembers names, because it looks up all of them together.
const REST: Duration = Duration::from_mins(1);

/// Resident memory in KiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Memory {
    pub(super) istiod: u64,
    /// Of the client's Envoy.
    pub(super) client: u64,
    /// Of one of the gateway's Envoys.
    pub(super) gateway: u64,
}

/// Reads the memory as soon as it has settled.
pub(super) fn settled(bed: &Bed) -> anyhow::Result<Memory> {
    let start = Instant::now();
    let mut last = read(bed)?;
    let mut readings = vec![last];
    while !is_settled(&readings) {
        if start.elapsed() > LIMIT {
            terminal::progress("  the memory still changes");
            break;
        }
        thread::sleep(INTERVAL);
        last = read(bed)?;
        readings.push(last);
    }
    Ok(last)
}

/// The part of one processor, in percent, that the client's Envoy uses while nobody calls.
pub(super) fn at_rest(bed: &Bed) -> anyhow::Result<f64> {
    let pid = part(&bed.status()?, &client())?.pid.context("the client's Envoy has ended")?;
    let before = used(pid)?;
    thread::sleep(REST);
    Ok((used(pid)?.saturating_sub(before)).as_secs_f64() / REST.as_secs_f64() * 100.0)
}

/// KiB as the table writes them.
pub(super) fn mebibytes(kibibytes: u64) -> u64 {
    kibibytes / 1024
}

fn read(bed: &Bed) -> anyhow::Result<Memory> {
    let parts = bed.status()?;
    let memory = |name: &str| part(&parts, name).map(|part| part.memory);
    Ok(Memory {
        istiod: memory("istiod")?,
        client: memory(&client())?,
        gateway: memory(&format!("{}/{} (Envoy)", gateway_pod::NAMESPACE, gateway_pod::NAMES[0]))?,
    })
}

fn client() -> String {
    format!("{}/{CLIENT} (Envoy)", form::NAMESPACE)
}

fn part<'a>(parts: &'a [ProcessStatus], name: &str) -> anyhow::Result<&'a ProcessStatus> {
    parts.iter().find(|part| part.name == name).with_context(|| format!("the bed has no part {name:?}"))
}

fn is_settled(readings: &[Memory]) -> bool {
    let newest = readings.get(readings.len().saturating_sub(READINGS)..).unwrap_or_default();
    let is_stable = |part: fn(&Memory) -> u64| {
        let (least, most) = (newest.iter().map(part).min(), newest.iter().map(part).max());
        let (least, most) = (least.unwrap_or_default(), most.unwrap_or_default());
        most - least <= most / PRECISION
    };
    newest.len() == READINGS
        && is_stable(|memory| memory.istiod)
        && is_stable(|memory| memory.client)
        && is_stable(|memory| memory.gateway)
}

/// The processor time of all threads of a process.
fn used(pid: i32) -> anyhow::Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(istiod: &[u64]) -> Vec<Memory> {
        istiod.iter().map(|istiod| Memory { istiod: *istiod, client: 50, gateway: 50 }).collect()
    }

    #[test]
    fn memory_has_settled_when_the_last_readings_are_nearly_the_same() {
        assert!(is_settled(&readings(&[500, 100, 101, 102, 101, 100])));
        assert!(!is_settled(&readings(&[100, 101, 102, 103, 104])));
        assert!(!is_settled(&readings(&[100, 100, 100, 100])), "too few readings");
    }

    #[test]
    fn this_process_has_used_the_processor() {
        let pid = i32::try_from(std::process::id()).unwrap();

        assert!(used(pid).unwrap() > Duration::ZERO);
    }
}
