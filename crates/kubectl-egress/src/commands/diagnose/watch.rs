//! `diagnose --watch`: prints changes, one line each, until it is interrupted.
//!
//! Repeats the diagnosis after a pause that depends on its duration, and doubles while the cluster cannot be read.

use std::time::{Duration, Instant};

use egress_diagnose::report::Watched;
use egress_render::report;
use jiff::Zoned;

use super::super::interrupt::Interrupt;
use super::{examine, gather};
use crate::exit::Code;
use crate::settings::diagnose::Diagnose;
use crate::terminal::Terminal;

/// The pause after a fast diagnosis.
const PAUSE: Duration = Duration::from_secs(10);
/// The longest pause.
const LONGEST: Duration = Duration::from_mins(5);
/// A pause is at least this many times as long as the diagnosis before it.
const SHARE: u32 = 5;

/// Repeats the diagnosis.
pub(super) async fn run(settings: &Diagnose, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let mut interrupt = Interrupt::catch()?;
    let mut watched = Watched::default();
    // The first diagnosis must succeed; later failures may be temporary.
    let mut pause = look(settings, &mut watched, terminal).await?;
    terminal.note("watching for changes; stop with Ctrl-C");
    let mut readable = true;
    loop {
        tokio::select! {
            biased;
            () = interrupt.raised() => return Ok(Code::Interrupted),
            () = tokio::time::sleep(pause) => {}
        }
        match look(settings, &mut watched, terminal).await {
            _ if interrupt.is_raised() => return Ok(Code::Interrupted),
            Ok(next) => {
                if !readable {
                    terminal.note(&format!("{} the watched objects can be read again", now()));
                }
                (pause, readable) = (next, true);
            }
            // The reader of stdout has stopped.
            Err(error) if error.is::<std::io::Error>() => return Err(error),
            Err(error) => {
                if readable {
                    terminal.warning(&format!("{} {error:#}; trying again", now()));
                }
                (pause, readable) = ((pause * 2).min(LONGEST), false);
            }
        }
    }
}

/// Diagnoses once, prints the changes, and returns how long to wait.
async fn look(
    settings: &Diagnose,
    watched: &mut Watched,
    terminal: &mut Terminal,
) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let mut gathered = gather::gather(settings, terminal).await?;
    if gathered.interrupted {
        return Ok(PAUSE);
    }
    let found = examine::report(settings, &mut gathered);
    drop(gathered);
    for change in watched.observe(found) {
        terminal.result(&format!("{} {}\n", now(), report::change(&change, &terminal.palette())))?;
    }
    Ok((started.elapsed() * SHARE).clamp(PAUSE, LONGEST))
}

fn now() -> String {
    Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string()
}
