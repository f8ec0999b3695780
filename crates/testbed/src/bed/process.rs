//! The long-running parts: started in a namespace with a log and a pid file, and awaited until they answer.
//!
//! It knows nothing of what a part does.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail};

use super::{layout::BedLayout, wait};

/// A part that was started and is not known to work yet.
pub(super) struct Started {
    part: String,
    child: Child,
    log: PathBuf,
}

/// Starts a part. It outlives the process that starts it, and gets no signal from its terminal.
pub(super) fn start(layout: &BedLayout, part: &str, mut command: Command) -> anyhow::Result<Started> {
    let log = layout.log(part);
    // Programs that reopen their standard output append to it, and so must everybody else.
    let output = File::options()
        .create(true)
        .append(true)
        .open(&log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    let child = command
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {part}"))?;
    fs::write(layout.pid_file(part), child.id().to_string())?;
    Ok(Started { part: part.to_owned(), child, log })
}

impl Started {
    /// Waits until the part works; when it ends before, or the limit is over, the error has its last words.
    pub(super) fn until(
        mut self,
        limit: Duration,
        mut ready: impl FnMut() -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let what = format!("{} to be ready", self.part);
        wait::until_with_log(&self.log, &what, limit, || {
            if let Some(status) = self.child.try_wait()? {
                bail!("{} ended with {status}", self.part);
            }
            ready()
        })?;
        // Without this, a part that ends would stay as a zombie of a test that goes on.
        thread::spawn(move || self.child.wait());
        Ok(())
    }

    /// Waits until the part has written `text` on a line of its own.
    pub(super) fn until_it_says(self, text: &str, limit: Duration) -> anyhow::Result<()> {
        let log = self.log.clone();
        self.until(limit, || Ok(fs::read_to_string(&log)?.lines().any(|line| line == text)))
    }
}
