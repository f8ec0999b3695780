//! One case: its module is made and asked, and what the host says is compared with the text beside it.

use std::path::Path;
use std::time::Duration;

use snapbox::assert::DEFAULT_ACTION_ENV;
use snapbox::{Assert, Data};

use crate::bytes;
use crate::guest::Guest;
use crate::{host, memory};

/// No call takes longer. A bound for limits that do not hold, not a measurement.
const TIME: Duration = Duration::from_secs(2);
/// By so much this process may grow.
const MEMORY: usize = 100 << 20;

/// Checks a case that is written as text.
pub(crate) fn check(source: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(source).map_err(|error| error.to_string())?;
    let guest = Guest::new(text);
    let module = guest.component()?;
    let limits = host::limits(guest.directive("fuel"), guest.directive("wall"));
    let question = guest.directive("ask").unwrap_or("decide");
    compare(&module, limits, question, &source.with_extension("txt"))
}

/// Checks a case that is made of bytes.
pub(crate) fn check_bytes(case: &bytes::Case, expected: &Path) -> Result<(), String> {
    compare(&(case.bytes)()?, host::limits(None, None), "decide", expected)
}

fn compare(
    module: &[u8],
    limits: egress_policy_wasm::Limits,
    question: &str,
    expected: &Path,
) -> Result<(), String> {
    let engine = host::engine(limits);
    let (outcome, growth) = memory::growth(|| host::ask(&engine, module, question));
    if outcome.longest > TIME {
        return Err(format!("a call took {:?}", outcome.longest));
    }
    if growth > MEMORY {
        return Err(format!("this process grew by {} MiB", growth >> 20));
    }
    Assert::new()
        .action_env(DEFAULT_ACTION_ENV)
        .normalize_paths(false)
        .try_eq(None, Data::text(outcome.text), Data::read_from(expected, None))
        .map_err(|error| error.to_string())
}
