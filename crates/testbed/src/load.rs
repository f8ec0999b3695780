//! A bounded open-loop load: requests leave at a fixed rate, whatever becomes of those before them.
//!
//! Every request is on a connection of its own and leaves one line in the output, so that a test can lay the lines
//! beside the steps it took meanwhile. It knows nothing of the mesh it runs in.

mod client;
mod sample;
mod summary;

use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use clap::{Args, value_parser};
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};
use url::Url;

use self::client::{LoadClient, LoadTarget};
pub use self::{
    sample::{Sample, Samples, read_samples},
    summary::Summary,
};
use crate::{json_lines, termination};

/// Requests that may wait for their answer at the same time.
const IN_FLIGHT: usize = 200;
/// The longest load, in seconds.
const LONGEST: u64 = 600;

/// What to send, how fast and for how long.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// URLs to get in turn
    #[arg(long, required = true, value_delimiter = ',')]
    targets: Vec<Url>,
    /// Requests a second, over all targets
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u32).range(1..=1000))]
    rate: u32,
    /// How long to send
    #[arg(long, default_value_t = LONGEST, value_parser = value_parser!(u64).range(1..=LONGEST))]
    seconds: u64,
    /// Stop sending as soon as this file exists
    #[arg(long)]
    until_file: Option<PathBuf>,
    /// The authorities to trust (PEM)
    #[arg(long = "ca")]
    authorities: Option<PathBuf>,
    /// Where to write a line of JSON for each request
    #[arg(long)]
    out: PathBuf,
    /// How long to wait for one answer
    #[arg(long, default_value_t = 3000, value_parser = value_parser!(u64).range(1..=60_000))]
    timeout_ms: u64,
}

/// `cargo xtask load`: sends, waits for the last answers and prints the summary as JSON.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let summary = runtime.block_on(send(options));
    // A lookup that was given up still sits in the system's resolver: nobody waits for it.
    runtime.shutdown_background();
    writeln!(io::stdout(), "{}", serde_json::to_string(&summary?)?)?;
    Ok(())
}

/// Sends the whole load; told to stop, it sends no more and waits for the answers under way.
async fn send(options: &Options) -> anyhow::Result<Summary> {
    let limit = Duration::from_millis(options.timeout_ms);
    let client = LoadClient::new(options.authorities.as_deref(), limit)?;
    let targets: Vec<_> = options
        .targets
        .iter()
        .map(|url| LoadTarget::try_from(url.clone()).map(Arc::new))
        .collect::<anyhow::Result<_>>()?;
    let mut output = Output::create(&options.out)?;

    let mut termination = pin!(termination::requested());
    let mut clock = interval(Duration::from_secs(1) / options.rate);
    // A machine that was busy elsewhere must not send all at once what it missed: that would be another load.
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let mut next = targets.iter().cycle();
    let mut requests = JoinSet::new();
    loop {
        tokio::select! {
            now = clock.tick() => {
                if now >= end || options.until_file.as_ref().is_some_and(|file| file.exists()) {
                    break;
                }
                let Some(target) = next.next().map(Arc::clone) else { break };
                if requests.len() < IN_FLIGHT {
                    let client = client.clone();
                    requests.spawn(async move { client.get(&target).await });
                } else {
                    output.add(&target.unsent())?;
                }
            }
            Some(sample) = requests.join_next() => output.add(&sample?)?,
            stopped = &mut termination => {
                stopped?;
                break;
            }
        }
    }
    while let Some(sample) = requests.join_next().await {
        output.add(&sample?)?;
    }
    Ok(output.summary)
}

/// The file of samples and what they add up to.
struct Output {
    file: File,
    summary: Summary,
}

impl Output {
    fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self { file, summary: Summary::default() })
    }

    /// Writes at once: whatever ends the load, what was seen is there.
    fn add(&mut self, sample: &Sample) -> anyhow::Result<()> {
        self.summary.add(sample);
        Ok(json_lines::write(&mut self.file, sample)?)
    }
}
