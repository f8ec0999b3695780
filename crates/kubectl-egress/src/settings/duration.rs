//! Durations as Go and kubectl write them: `30s`, `1m30s`, `0`.

use std::time::Duration;

use egress_core::host::printable;
use jiff::SignedDuration;

/// Longer waits are typing errors.
const LONGEST: Duration = Duration::from_hours(24);

/// Parses a duration. The error says what was expected; clap adds the flag and what was found.
pub fn parse(text: &str) -> Result<Duration, String> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("expected a duration with its unit such as `{}s`", printable(text)));
    }
    let duration: SignedDuration =
        text.parse().map_err(|_| "expected a duration such as `30s` or `1m30s`".to_owned())?;
    match Duration::try_from(duration) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        Ok(_) => Err("expected at most `24h`".to_owned()),
        Err(_) => Err("expected a duration of zero or more".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        assert_eq!(parse("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("0"), Ok(Duration::ZERO));
    }

    #[test]
    fn what_is_no_sensible_duration_is_refused() {
        for text in ["", "30", "abc", "-5s", "25h", "1d", "99999999999999999999s"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
