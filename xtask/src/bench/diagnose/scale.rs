//! Time and memory for many hosts, from files, and what twice the hosts cost.

use std::{fmt::Write as _, fs, path::Path};

use egress_core::intent::Layout;

use super::{
    cost::{self, Cost, megabytes, seconds},
    istioctl::{self, Istioctl},
    kubectl_egress, synthetic_mesh,
};
use crate::{terminal, workspace};

/// How many hosts; the last two tell the growth.
const HOSTS: [u32; 4] = [100, 1_000, 10_000, 20_000];
/// From here on istioctl takes minutes in the documented layout.
const SLOW: u32 = 10_000;
/// Nobody waits longer for istioctl.
const TOO_MANY: u32 = 20_000;

/// Runs both programs over generated clusters.
pub(super) fn table(plugin: &Path, peer: &Istioctl, runs: usize, full: bool) -> anyhow::Result<String> {
    let folder = workspace::root().join("target/bench");
    fs::create_dir_all(&folder)?;
    let mut text = "\
| layout | hosts | kubectl egress | processor | memory | twice the hosts | istioctl analyze | processor | memory |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
"
    .to_owned();
    for layout in [Layout::Shared, Layout::Documented] {
        let mut before: Option<(u32, Cost)> = None;
        for hosts in HOSTS {
            terminal::progress(format_args!("{hosts} hosts, {layout} layout …"));
            let file = folder.join(format!("{layout}-{hosts}.yaml"));
            synthetic_mesh::write(layout, hosts, &file)?;
            let own =
                cost::median(&mut kubectl_egress::command(plugin, &file, &[]), kubectl_egress::CODES, runs)?;
            let slow = hosts >= SLOW && layout == Layout::Documented;
            let peer = if hosts < TOO_MANY && (full || !slow) {
                let times = if hosts >= SLOW { 1 } else { runs };
                Some(cost::median(&mut peer.command(&file), istioctl::CODES, times)?)
            } else {
                None
            };
            let growth = before.filter(|(fewer, _)| fewer * 2 == hosts).map(|(_, before)| {
                format!("{:.2} times", own.processor.as_secs_f64() / before.processor.as_secs_f64())
            });
            let _ = writeln!(
                text,
                "| {layout} | {hosts} | {} | {} | {} |",
                figures(Some(own)),
                growth.unwrap_or_default(),
                figures(peer)
            );
            before = Some((hosts, own));
            fs::remove_file(&file)?;
        }
    }
    Ok(text)
}

fn figures(cost: Option<Cost>) -> String {
    let Some(cost) = cost else { return " | | ".to_owned() };
    format!("{} | {} | {}", seconds(cost.wall), seconds(cost.processor), megabytes(cost.memory))
}
