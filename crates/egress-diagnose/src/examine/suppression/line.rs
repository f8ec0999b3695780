//! One line of an annotation that accepts findings: `EG014,EG026 until 2027-01-31: reason`.
//!
//! Knows the syntax only.

use std::collections::BTreeSet;

use egress_core::host::quoted;
use jiff::civil::Date;

use crate::finding::Code;
use crate::rules;

/// The content of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) codes: BTreeSet<Code>,
    pub(super) until: Option<Date>,
    pub(super) reason: String,
}

/// Reads a line.
pub(super) fn parse(line: &str) -> Result<Parsed, String> {
    let wanted = "expected `CODE: reason` or `CODE until YYYY-MM-DD: reason`";
    let Some((head, reason)) = line.split_once(':') else {
        return Err(format!("{wanted}, found no `:`"));
    };
    let reason = reason.trim();
    if reason.is_empty() {
        return Err(format!("{wanted}, found no reason"));
    }
    let (codes, until) = match head.split_once(" until ") {
        Some((codes, day)) => (codes, Some(date(day.trim())?)),
        None => (head, None),
    };
    let codes = codes.split(',').map(|word| code(word.trim())).collect::<Result<_, _>>()?;
    Ok(Parsed { codes, until, reason: reason.to_owned() })
}

fn code(word: &str) -> Result<Code, String> {
    let code: Code = word.parse().map_err(|error| format!("{error}"))?;
    rules::by_code(code).map(|check| check.code).ok_or_else(|| format!("there is no check {code}"))
}

fn date(word: &str) -> Result<Date, String> {
    let wanted = || format!("expected a day such as `2027-01-31` after `until`, found {}", quoted(word));
    // jiff also accepts times, and takes the day from them.
    if word.len() != "2027-01-31".len() {
        return Err(wanted());
    }
    word.parse().map_err(|_| wanted())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn one_code_with_a_reason_is_accepted_for_good() {
        let parsed = parse("EG014: the vendor moves: to TLS").unwrap();
        assert_eq!(
            parsed,
            Parsed { codes: [Code(14)].into(), until: None, reason: "the vendor moves: to TLS".to_owned() }
        );
    }

    #[test]
    fn several_codes_may_have_one_reason_and_one_last_day() {
        let parsed = parse("  EG014, EG026 until 2027-01-31:known ").unwrap();
        assert_eq!(parsed.codes, [Code(14), Code(26)].into());
        assert_eq!(parsed.until, Some(date(2027, 1, 31)));
        assert_eq!(parsed.reason, "known");
    }

    #[test]
    fn what_is_not_understood_accepts_nothing_and_says_why() {
        for (line, part) in [
            ("EG014", "found no `:`"),
            ("EG014:  ", "found no reason"),
            ("EG999: x", "there is no check EG999"),
            ("all: x", "expected a code such as `EG014`, found `all`"),
            (
                "EG014 until tomorrow: x",
                "expected a day such as `2027-01-31` after `until`, found `tomorrow`",
            ),
            ("EG014 until 2027-13-01: x", "expected a day"),
            ("EG014 until 2027-01-31T10: x", "expected a day"),
        ] {
            let problem = parse(line).unwrap_err();
            assert!(problem.contains(part), "{line}: {problem}");
        }
    }
}
