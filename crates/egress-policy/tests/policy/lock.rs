//! Lock files: `egress-policy.lock` is read, and compared with `found.lock` where the case has one.

use std::path::Path;

use egress_policy::lock::{Lock, LockError, check};

pub(crate) fn outcome(case: &Path) -> Result<String, String> {
    let text = crate::read(case, "egress-policy.lock")?;
    let lock = match Lock::parse(&text) {
        Ok(lock) => lock,
        Err(error) => return Ok(format!("{error}\n")),
    };
    let written = lock.to_text().map_err(|error| error.to_string())?;
    if !case.join("found.lock").exists() {
        return Ok(written);
    }
    if written != text {
        return Err(format!("written again, it differs:\n{written}"));
    }
    let found = Lock::parse(&crate::read(case, "found.lock")?).map_err(|error| error.to_string())?;
    let lines = found.entries.iter().map(|entry| {
        let compared = match lock.entry(&entry.name) {
            Some(locked) => check(locked, entry),
            None => Err(LockError::Missing { name: entry.name.clone() }),
        };
        match compared {
            Ok(()) => format!("{} is as it was locked\n", entry.name),
            Err(error) => format!("{error}\n"),
        }
    });
    Ok(lines.collect())
}
