//! Counts of tests, read from what test programs print. Knows libtest's closing line, and nothing of who printed it.

use std::{fmt, ops::AddAssign};

/// How many tests went which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
}

impl Totals {
    /// One test that can only pass or fail.
    pub(super) fn of_one(passed: bool) -> Self {
        Self { passed: usize::from(passed), failed: usize::from(!passed), skipped: 0 }
    }

    /// The sum of all `test result:` lines. A run that failed without saying which test counts as one failed test: it
    /// did not compile, or crashed.
    pub(super) fn read(output: &str, succeeded: bool) -> Self {
        let mut totals = Self::default();
        for line in output.lines().filter_map(|line| line.trim().strip_prefix("test result: ")) {
            totals += Self {
                passed: count(line, "passed"),
                failed: count(line, "failed"),
                skipped: count(line, "ignored"),
            };
        }
        if !succeeded && totals.failed == 0 {
            totals.failed = 1;
        }
        totals
    }
}

/// The number before this word, as in `ok. 12 passed; 0 failed; …`.
fn count(line: &str, word: &str) -> usize {
    let part = line.split([';', '.']).map(str::trim).find_map(|part| part.strip_suffix(word));
    part.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_PROGRAMS: &str = "\
running 3 tests
test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s

test result: FAILED. 10 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.10s
";

    #[test]
    fn the_programs_of_a_run_are_summed() {
        let totals = Totals::read(TWO_PROGRAMS, false);

        assert_eq!(totals, Totals { passed: 13, failed: 1, skipped: 2 });
        assert_eq!(totals.to_string(), "13 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn a_run_that_did_not_compile_is_a_failed_test() {
        assert_eq!(Totals::read("error[E0308]: mismatched types\n", false).failed, 1);
        assert_eq!(Totals::read("", true), Totals::default());
    }
}
