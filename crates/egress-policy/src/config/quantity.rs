//! Times, sizes and counts as people write them: `500ms`, `64Mi`, `2000000`.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use egress_core::host::quoted;

/// `500ms`, `2s`, `1m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Time(pub(super) Duration);

/// `64Mi`, `512Ki`, or a number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

/// `5000`, `200k`, `2000M`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Count(pub(super) u64);

/// A time as the file has it.
pub fn duration_text(duration: Duration) -> String {
    match duration.as_millis() {
        0 => "0s".to_owned(),
        milliseconds if milliseconds % 60_000 == 0 => format!("{}m", milliseconds / 60_000),
        milliseconds if milliseconds % 1000 == 0 => format!("{}s", milliseconds / 1000),
        milliseconds => format!("{milliseconds}ms"),
    }
}

/// A size as the file has it.
pub fn bytes_text(bytes: u64) -> String {
    let unit = SIZES.iter().rev().find(|(_, unit)| bytes > 0 && bytes.is_multiple_of(*unit));
    unit.map_or_else(|| bytes.to_string(), |(word, unit)| format!("{}{word}", bytes / unit))
}

const TIMES: [(&str, u64); 3] = [("ms", 1), ("s", 1000), ("m", 60_000)];
const SIZES: [(&str, u64); 3] = [("Ki", 1 << 10), ("Mi", 1 << 20), ("Gi", 1 << 30)];
const COUNTS: [(&str, u64); 3] = [("k", 1000), ("M", 1_000_000), ("G", 1_000_000_000)];

/// A whole number above zero and a unit.
fn number(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.trim_end_matches(|character: char| !character.is_ascii_digit());
    let (number, unit) = text.split_at(digits.len());
    let plain = number.bytes().all(|byte| byte.is_ascii_digit());
    let factor = match unit {
        "" => None,
        unit => Some(units.iter().find(|(word, _)| *word == unit)?.1),
    };
    // Times have no unit of their own; to take `2` for milliseconds would be a guess.
    let factor = factor.or((units != TIMES).then_some(1))?;
    number.parse::<u64>().ok().filter(|number| plain && *number > 0)?.checked_mul(factor)
}

struct QuantityVisitor {
    expected: &'static str,
    units: &'static [(&'static str, u64)],
}

impl Visitor<'_> for QuantityVisitor {
    type Value = u64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        number(text, self.units)
            .ok_or_else(|| E::custom(format!("expected {}, found {}", self.expected, quoted(text))))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<u64, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<u64, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<u64, E> {
        self.visit_str(&number.to_string())
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = QuantityVisitor { expected: "a time such as `500ms` or `2s`", units: &TIMES };
        deserializer.deserialize_any(visitor).map(|number| Time(Duration::from_millis(number)))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = QuantityVisitor { expected: "a size such as `64Mi`", units: &SIZES };
        deserializer.deserialize_any(visitor).map(Size)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor =
            QuantityVisitor { expected: "a whole number above 0 such as `5000` or `2000M`", units: &COUNTS };
        deserializer.deserialize_any(visitor).map(Count)
    }
}
