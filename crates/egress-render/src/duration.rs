//! Ages and elapsed times as text.
//!
//! Ages are kubectl's, rule for rule: `HumanDuration` in kubernetes/apimachinery, `pkg/util/duration/duration.go`.
//! Knows no clock: now is passed in.

use std::time::Duration;

use jiff::Timestamp;

/// The age of something at the moment `now`, such as `5m30s` or `3d4h`.
pub fn age(created: Option<Timestamp>, now: Timestamp) -> String {
    let Some(created) = created else {
        return "<unknown>".to_owned();
    };
    match now.duration_since(created).as_secs() {
        // Clocks of two machines differ: up to a second in the future is now.
        i64::MIN..-1 => "<invalid>".to_owned(),
        -1..0 => "0s".to_owned(),
        seconds => human(seconds),
    }
}

/// An elapsed time to a tenth of a second, such as `0.4 s`.
pub fn seconds(elapsed: Duration) -> String {
    format!("{:.1} s", elapsed.as_secs_f64())
}

fn human(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    match () {
        () if seconds < 120 => format!("{seconds}s"),
        () if minutes < 10 => two(minutes, "m", seconds % 60, "s"),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => two(hours, "h", minutes % 60, "m"),
        () if hours < 48 => format!("{hours}h"),
        () if days < 8 => two(days, "d", hours % 24, "h"),
        () if years < 2 => format!("{days}d"),
        () if years < 8 => two(years, "y", days % 365, "d"),
        () => format!("{years}y"),
    }
}

/// Two units, the smaller one only where it is not zero.
fn two(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    match small {
        0 => format!("{large}{large_unit}"),
        small => format!("{large}{large_unit}{small}{small_unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    fn check(elapsed: i64, expect: &str) {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(400_000);
        assert_eq!(age(Some(now - SignedDuration::from_secs(elapsed)), now), expect, "{elapsed} s");
    }

    #[test]
    fn ages_are_those_of_kubectl() {
        const HOUR: i64 = 3600;
        const DAY: i64 = 24 * HOUR;
        for (elapsed, expect) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (330, "5m30s"),
            (600, "10m"),
            (179 * 60, "179m"),
            (3 * HOUR, "3h"),
            (5 * HOUR + 300, "5h5m"),
            (9 * HOUR + 300, "9h"),
            (47 * HOUR, "47h"),
            (3 * DAY + 4 * HOUR, "3d4h"),
            (7 * DAY, "7d"),
            (8 * DAY + 4 * HOUR, "8d"),
            (729 * DAY, "729d"),
            (730 * DAY, "2y"),
            (800 * DAY, "2y70d"),
            (8 * 365 * DAY + 20 * DAY, "8y"),
        ] {
            check(elapsed, expect);
        }
    }

    #[test]
    fn a_clock_that_runs_ahead_is_forgiven_one_second() {
        check(-1, "0s");
        check(-2, "<invalid>");
    }

    #[test]
    fn an_age_that_nobody_knows_is_said_to_be_unknown() {
        assert_eq!(age(None, Timestamp::UNIX_EPOCH), "<unknown>");
    }

    #[test]
    fn elapsed_time_is_given_to_a_tenth() {
        assert_eq!(seconds(Duration::from_millis(1449)), "1.4 s");
    }
}
