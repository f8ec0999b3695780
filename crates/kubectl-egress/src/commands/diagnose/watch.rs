//! `diagnose --watch`: what changes, a line each, until somebody ends it.
//!
//! Looks again after a pause that grows with what a look costs, and doubles while the cluster cannot be read.

use std::time::{Duration, Instant};

use egress_diagnose::report::Watched;
use egress_render::report;
use jiff::Zoned;

use super::super::interrupt::Interrupt;
use crate::exit::Code;
use crate::settings::diagnose::Diagnose;
use crate::terminal::Terminal;

/// The pause after a look that costs little.
const PAUSE: Duration = Duration::from_secs(10);
/// The longest pause.
const LONGEST: Duration = Duration::from_mins(5);
/// A pause is at least this many times as long as the look before.
const SHARE: u32 = 5;

/// Looks again and again.
pub(super) async fn run(settings: &Diagnose, terminal: &mut Terminal) -> anyhow::Result<Code> {
    let mut interrupt = Interrupt::catch()?;
    let mut watched = Watched::default();
    // The first look must work; what fails later may work again.
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
            // Nobody reads what is printed any more.
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

/// Looks once, prints what is different from before, and says how long to wait.
async fn look(
    settings: &Diagnose,
    watched: &mut Watched,
    terminal: &mut Terminal,
) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let gathered = super::gather(settings, terminal).await?;
    if gathered.interrupted {
        return Ok(PAUSE);
    }
    let found = super::report(settings, &gathered);
    drop(gathered);
    for change in watched.observe(found) {
        terminal.result(&format!("{} {}\n", now(), report::change(&change, &terminal.palette())))?;
    }
    Ok((started.elapsed() * SHARE).clamp(PAUSE, LONGEST))
}

fn now() -> String {
    Zoned::now().strftime("%Y-%m-%d %H:%M:%S").to_string()
}
